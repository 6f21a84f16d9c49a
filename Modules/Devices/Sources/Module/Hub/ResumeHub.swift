import Application
import DevicesContracts
import Kernel

/// Lets a suspended hub work again.
struct ResumeHub: Command {
    let hub: Hub.ID
    let reason: Reason
    let user: UserID

    typealias Refusal = HubRefusal
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        switch state.status {
        case .suspended: return [.resumed(Hub.Intervention(reason: reason, user: user), at: now)]
        case .decommissioned: throw .decommissioned
        case .unknown, .provisioned, .claimed: throw .notSuspended
        }
    }

    static let effectAnswers = WantStateCall.answers

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .hubState(["status": snapshot.state.claim == nil ? "Provisioned" : "Claimed"], after: events, on: snapshot)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/ResumeHub", "Let a suspended hub work again",
        allow: .owner,
        inputs: .init(
            .path("id", "Id of the hub."),
            .body("reason", "Why it works again."),
            .body("userId", "Who decides it.")), make: ResumeHub.init(hub:reason:user:)
    )
}
