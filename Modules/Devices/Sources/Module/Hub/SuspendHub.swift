import Application
import DevicesContracts
import Kernel

/// Suspends a hub: nothing behind it takes commands, and what waits is shown to no device, until the hub is resumed.
struct SuspendHub: Command {
    let hub: Hub.ID
    let named: Hub.ID
    let reason: Reason
    let user: UserID

    typealias Refusal = HubRefusal
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        guard named == hub else { throw .otherHub }
        switch state.status {
        case .suspended: throw .suspended
        case .decommissioned: throw .decommissioned
        case .unknown, .provisioned, .claimed: return [.suspended(Hub.Intervention(reason: reason, user: user), at: now)]
        }
    }

    static let effectAnswers = WantStateCall.answers

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .hubState(["status": "Suspended"], after: events, on: snapshot)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/SuspendHub", "Suspend a hub",
        allow: .owner,
        inputs: .init(
            .path("id", "Id of the hub."),
            .body("hubId", "The same id."),
            .body("reason", "Why it is suspended."),
            .body("userId", "Who suspends it.")), make: SuspendHub.init(hub:named:reason:user:)
    )
}
