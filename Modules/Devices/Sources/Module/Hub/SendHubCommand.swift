import Application
import DevicesContracts
import Kernel

/// Passes a command on to a hub as it is. The hub's answer ends the action.
struct SendHubCommand: Command {
    let hub: Hub.ID
    let named: UUIDText
    let name: NonEmptyString
    let arguments: JSON.Object?

    typealias Refusal = HubRefusal
    static let callsWithoutEvents = true
    static let effectAnswers = CommandCall.answers
    /// A hub that was away for longer would be surprised by the command.
    private static let lifetime = Duration.seconds(86_400)
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        guard Hub.ID(named.text) == hub else { throw .otherHub }
        try state.mustWork()
        return []
    }

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .hubCommand(
            .hub(name: name.text, arguments: .object(arguments ?? [:])), within: Self.lifetime, by: "SendHubCommand", to: snapshot,
            for: request)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/SendHubCommand", "Send a command to a hub",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the hub, a UUID."),
            .body("hubId", "The same id."),
            .body("command", "Name of the command, such as `get_nodes`, `server_info` or `set_wifi_credentials`."),
            .body("args", "Its arguments; none when absent.")), make: SendHubCommand.init(hub:named:name:arguments:)
    )
}
