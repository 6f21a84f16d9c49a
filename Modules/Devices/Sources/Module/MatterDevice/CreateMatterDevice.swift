import Application
import DevicesContracts
import Kernel

/// Registers a Matter device. Opening a lock whose uuid is the device's id or its thing name also opens this device.
struct CreateMatterDevice: Command {
    let device: MatterDevice.ID
    let named: MatterDevice.ID
    let thing: NewThingName
    let hub: Hub.ID
    let type: Name

    struct Facts: Sendable {
        let hub: Hub
        /// The current owner of the thing.
        let owner: ThingOwner
        /// The calling tenant.
        let asking: OrgID?

        /// The tenant of the hub; nil while the hub is unclaimed.
        var org: OrgID? { hub.organisation }
    }

    static let createsAggregate = true
    var target: String { device.text }

    enum Refusal: DomainError {
        case otherDevice, thingTaken
        var kind: RefusalKind { self == .thingTaken ? .forbidden : .invalid }
        var message: String {
            switch self {
            case .otherDevice: "The body's deviceId must be the id in the path."
            case .thingTaken: "The thing of this device belongs to somebody else."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("things") ? .thingTaken : nil }

    func decide(_ state: MatterDevice, _ facts: Facts, at now: Timestamp) throws(Refusal) -> [MatterDevice.Event] {
        guard named == device else { throw .otherDevice }
        guard state.registration == nil else { return [] }  // registering an existing device is not an error
        switch facts.owner {
        case .nobody: break
        // A thing that the tenant already owns, as a lock, stays with the tenant.
        case .tenant(let tenant, _) where tenant == facts.org ?? facts.asking: break
        case .unclaimed(let known) where known == hub: break
        case .tenant, .unclaimed, .person: throw .thingTaken
        }
        return [
            .created(
                MatterDevice.Registration(device: device, thing: ThingName(thing.text), hub: hub, type: type.text), org: facts.org, at: now)
        ]
    }

    func facts(on snapshot: Snapshot<MatterDevice>, _ request: Request, _ services: Services) async throws -> Facts {
        let row = try await services.store.query(ThingTables.owner(ThingName(thing.text))).first
        let hub = try await services.store.load(Hub.self, hub.text).state
        guard hub.isOpen(to: request.caller) else { throw Self.rule.violated }
        return Facts(hub: hub, owner: try ThingOwner(row), asking: request.caller.org)
    }

    /// Registers the device's thing with the hub, so that it follows the hub. A thing that already has an owner is not taken over.
    func effect(
        of events: [MatterDevice.Event], on snapshot: Snapshot<MatterDevice>, _ facts: Facts, _ request: Request, _ services: Services
    ) -> Effect {
        guard !events.isEmpty else { return .none }
        let thing = ThingName(thing.text),
            registration = facts.owner == .nobody ? ThingTables.register(thing, with: hub, in: facts.hub) : []
        // The lock of this name has a Matter device from now on.
        let locks = Set([thing, ThingName(device.text)]).sorted { $0.text < $1.text }
        let out = facts.hub.isOutOfService ? facts.org.map { org in locks.map { ThingTables.takeOut($0, of: org) } } ?? [] : []
        return .local(Changes(rows: registration + out + locks.map(ThingTables.raiseRevision)))
    }

    /// Rule D: a Matter device belongs to its tenant, and any caller that may use its hub may register it.
    private static let rule = Rule<CreateMatterDevice, MatterDevice>(
        "the tenant that has claimed the hub, any API key while nobody has, or a super key",
        permits: { _, device, caller in device.isOpen(to: caller) })

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/CreateMatterDevice", "Register a Matter device",
        allow: rule,
        inputs: .init(
            .path("id", "Id of the device."),
            .body("deviceId", "The same id."),
            .body("thingName", "Name of its thing on the broker; for devices of the bridge the same id once more."),
            .body("hubId", "The hub that it is behind."),
            .body("deviceType", "Kind of device, such as `lock` or `contact_sensor`.", default: Name("generic"))),
        make: { CreateMatterDevice(device: $0, named: $1, thing: $2, hub: $3, type: $4) }
    )
}
