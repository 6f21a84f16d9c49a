import Application
import DevicesContracts
import Kernel

/// Keeps the broker's list of clients as the hubs are: who works is let in, for its own things; who does not is shut out.
struct HubAccess: Sendable {
    let services: Services
    let broker: BrokerAccess

    /// Nil where the broker's list of clients is not the platform's.
    init?(_ services: Services) {
        guard let broker = try? services.port(BrokerAccess.self) else { return nil }
        self.services = services
        self.broker = broker
    }

    private static let pause = Duration.milliseconds(250)

    /// Waits until the broker is ready for the platform: before, its own link would be heard by nobody.
    func prepare() async throws {
        var isTold = false
        while true {
            do { return try await broker.prepare() } catch is CancellationError { throw CancellationError() } catch {
                if !isTold { services.log.warning("The broker cannot be made ready", ["error": "\(error)"]) }
                isTold = true
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    /// Carries every change to the broker, until it is cancelled. A hub that fails is tried again and does not block the others.
    func keep() async throws {
        while true {
            do { try await applyAll() } catch is CancellationError { throw CancellationError() } catch {
                services.log.warning("Changes of hubs' access could not be read", ["error": "\(error)"])
            }
            try await Task.sleep(for: Self.pause)
        }
    }

    private func applyAll() async throws {
        var last = ""
        while true {
            let open = try await services.store.query(HubCredentials.open(after: last)).map { try HubCredentials($0) }
            for credentials in open {
                do { try await apply(credentials.hub) } catch is CancellationError { throw CancellationError() } catch {
                    services.log.warning("A hub's access could not be changed", ["hub": credentials.hub.text, "error": "\(error)"])
                }
            }
            guard let end = open.last else { return }
            last = end.hub.text
        }
    }

    /// Brings the broker to where a hub's access shall be. Throws `BrokerAccess.Failure` when it cannot be.
    func apply(_ hub: Hub.ID) async throws {
        let streamLock = try await services.store.lockStream(StreamName("access", hub.text))
        defer { streamLock.release() }
        guard let row = try await services.store.query(HubCredentials.find(hub)).first else { return }
        let credentials = try HubCredentials(row), user = HubCredentials.user(of: hub)
        let state = try await services.store.load(Hub.self, hub.text).state
        if let password = try credentials.openPassword(services.vault), !state.isOutOfService {
            let things = try await services.store.query(HubCredentials.things(of: hub, in: state)).map {
                ThingName(try $0.read("name", as: String.self))
            }
            let isNew = credentials.issueApplied < credentials.issue
            try await broker.admit(BrokerAccess.Grant(user: user, password: password, isNew: isNew, things: things))
            _ = try await services.store.run([credentials.isApplied(knowsPassword: true)])
        } else {
            try await broker.shut(user)
            _ = try await services.store.run([credentials.isApplied(knowsPassword: false)])
        }
    }
}

/// Asks to bring the broker to where a hub's access shall be, now. Used only within this module.
struct ApplyAccess: Ask, Hashable {
    static let name = "devices.ApplyAccess", module = "devices"
    let hub: Hub.ID

    /// Asked after the commit of what lets a hub in or shuts it out, before its caller has the answer.
    static let followUp = FollowUp.ask(grace: .seconds(1)) { commit in
        let changed = commit.appends.filter { append in
            append.stream.category == Hub.category.name && append.events.contains { names.contains($0.wire.type) }
        }
        return Set(changed.map { ApplyAccess(hub: Hub.ID($0.stream.id)) })
    }
    private static let names: Set = ["HubCredentialsIssued", "HubSuspended", "HubResumed", "HubDecommissioned", "HubReClaimed"]

    typealias Reply = Done
}
