import Application
import DevicesContracts
import Kernel

/// Makes a hub the primary one of its site, or a secondary one. Another hub of the site keeps the role that it has.
struct SetHubRole: Command {
    let hub: Hub.ID
    let named: UUIDText
    let isPrimary: Bool
    let user: UUIDText

    typealias Refusal = HubRefusal
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        guard Hub.ID(named.text) == hub else { throw .otherHub }
        try state.mustWork()
        return state.isPrimary == isPrimary ? [] : [.roleSet(isPrimary: isPrimary, by: UserID(user.text), at: now)]
    }

    static let effectAnswers = WantStateCall.answers

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        guard !events.isEmpty else { return .none }
        return .hubState(["role": isPrimary ? "primary" : "secondary"], after: events, on: snapshot)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/SetHubRole", "Make a hub primary or secondary",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the hub, a UUID."),
            .body("hubId", "The same id."),
            .body("isPrimary", "Whether it is the primary hub of its site."),
            .body("userId", "Who decides it.")), make: SetHubRole.init(hub:named:isPrimary:user:)
    )
}
