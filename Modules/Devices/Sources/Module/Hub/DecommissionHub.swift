import Application
import DevicesContracts
import Kernel

/// Ends the service of a hub for good: nothing behind it takes commands any more.
struct DecommissionHub: Command {
    let hub: Hub.ID
    let reason: Reason
    let user: UserID

    typealias Refusal = HubRefusal
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        guard state.status != .decommissioned else { throw .decommissioned }
        return [.decommissioned(Hub.Intervention(reason: reason, user: user), at: now)]
    }

    static let effectAnswers = WantStateCall.answers

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .hubState(["status": "Decommissioned"], after: events, on: snapshot)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/DecommissionHub", "End the service of a hub",
        allow: .owner,
        inputs: .init(
            .path("id", "Id of the hub."),
            .body("reason", "Why it is taken out of service."),
            .body("userId", "Who decides it.")), make: DecommissionHub.init(hub:reason:user:)
    )
}
