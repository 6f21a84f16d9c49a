import Application
import DevicesContracts
import Kernel

/// Feeds the reports of things to their Matter devices. A thing that introduces itself becomes a device of the hub that it names, at once
/// or when that hub is claimed.
struct ReportIngestion: Sendable {
    let services: Services

    var reaction: Reaction {
        Reaction(
            "devices-reports", partitions: 4, .on(ShadowChanged.self) { changed, envelope in try await react(to: changed, envelope) },
            .on(own: ["HubClaimed"], of: services.module) { envelope in
                try await registerWaiting(behind: Hub.ID(envelope.stream.id), envelope)
            })
    }

    func react(to changed: ShadowChanged, _ envelope: Envelope) async throws -> Changes {
        guard let document = changed.reported?.members, !document.isEmpty else { return .none }
        var devices = try await services.store.query(MatterDevicesView.devices(of: changed.thing))
        if devices.isEmpty {
            guard let introduction = Introduction(.object(document), of: changed.thing) else { return .none }
            guard try await register(introduction, envelope), introduction.isOwn else { return .none }
            devices = try await services.store.query(MatterDevicesView.devices(of: changed.thing))
        }
        for row in devices {
            try await ingest(document, of: changed.thing, try row.read("device_id"), envelope)
        }
        return .none
    }

    /// A report that is refused is logged: it must not keep others from being taken over.
    private func ingest(_ document: JSON.Object, of thing: ThingName, _ device: MatterDevice.ID, _ envelope: Envelope) async throws {
        let ingest = IngestReport(device: device, document: document)
        do { _ = try await services.execute(ingest, for: request(by: .anonymous, after: envelope)) } catch RequestError.refused(
            _, _, let message)
        {
            services.log.warning("A device's report was not taken over", ["thing": thing.text, "reason": message])
        }
    }

    /// Registers the things that have introduced themselves while nobody had claimed their hub.
    private func registerWaiting(behind hub: Hub.ID, _ envelope: Envelope) async throws -> Changes {
        for row in try await services.store.query(ThingTables.introductions(naming: hub)) {
            let thing: ThingName = try row.read("thing"), shadow = try ThingTables.read(row)
            guard let introduction = Introduction(shadow.reported, of: thing), introduction.hub == hub else { continue }
            guard try await register(introduction, envelope) else { continue }
            try await ingest(shadow.reported.members ?? [:], of: thing, introduction.device, envelope)
        }
        return .none
    }

    /// Returns whether the device is registered; it is not while nobody has claimed its hub, or when its thing belongs to somebody else.
    private func register(_ introduction: Introduction, _ envelope: Envelope) async throws -> Bool {
        let hub = try await services.store.load(Hub.self, introduction.hub.text).state
        guard hub.status == .claimed, let org = hub.organisation else { return false }
        // A hub introduces its own devices only.
        guard introduction.isOwn || hub.hardware?.thing == introduction.thing else { return false }
        let known = try await services.store.query(MatterDevicesView.count(behind: introduction.hub)).first?.read("devices", as: Int.self)
        guard known ?? 0 < Hub.maxDevices else { return false }
        let create = CreateMatterDevice(
            device: introduction.device, named: introduction.device, thing: NewThingName(introduction.device.text), hub: introduction.hub,
            type: Name(introduction.type))
        do {
            _ = try await services.execute(create, for: request(by: .key(org: org, isSuper: false), after: envelope))
            // The id may be that of a device with another thing, or of another hub.
            let made = try await services.store.load(MatterDevice.self, introduction.device.text).state.registration
            return made?.thing == ThingName(introduction.device.text) && made?.hub == introduction.hub
        } catch RequestError.refused(_, _, let message) {
            services.log.warning("A thing did not become a device", ["thing": introduction.device.text, "reason": message])
            return false
        }
    }

    private func request(by caller: Caller, after envelope: Envelope) -> Request {
        let trace = Trace(correlation: envelope.trace.correlation, causation: envelope.id)
        return Request(caller: caller, trace: trace, attempt: Attempt(now: services.clock()))
    }
}

/// How a thing introduces itself as a device behind a hub: the `device_info` document of the bridge. A hub whose broker lets it speak
/// for known things only says it on a shadow of its own.
struct Introduction: Sendable, Equatable {
    /// Whose shadow it stands on: the device's own, or the hub's.
    let thing: ThingName
    let device: MatterDevice.ID
    let hub: Hub.ID
    /// `lock`, `contact_sensor` …
    let type: String

    /// Whether the device says it itself.
    var isOwn: Bool { ThingName(device.text) == thing }

    /// Nil for a document that is none.
    init?(_ reported: JSON, of thing: ThingName) {
        guard let hub = reported["bridge_uuid"]?.text, let device = reported["uuid"]?.text, ThingName(device).isThingName,
            let type = reported.members?.first(where: { $0.key.hasSuffix("/29/0") && $0.value.integer != nil })?.value.integer
        else { return nil }
        self.thing = thing
        self.device = MatterDevice.ID(device)
        self.hub = Hub.ID(hub)
        self.type = DeviceTypes.name(of: type)
    }
}
