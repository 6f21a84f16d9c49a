import Application
import DevicesContracts
import Kernel

/// Lets a hub bring a Matter device into its network (Matter Core Specification, Commissioning). The hub's answer ends the action.
struct CommissionDevice: Command {
    let hub: Hub.ID
    let named: UUIDText
    let code: SetupCode

    typealias Refusal = HubRefusal
    static let callsWithoutEvents = true
    static let effectAnswers = CommandCall.answers
    /// A device stays in commissioning mode for at most this long (Matter Core Specification, Commissioning).
    private static let lifetime = Duration.seconds(15 * 60)
    var target: String { hub.text }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        guard Hub.ID(named.text) == hub else { throw .otherHub }
        try state.mustWork()
        return []
    }

    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .hubCommand(
            .hub(name: "commission_with_code", arguments: ["code": code.json]), within: Self.lifetime, by: "CommissionDevice", to: snapshot,
            for: request)
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/CommissionDevice", "Commission a Matter device on a hub",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the hub, a UUID."),
            .body("hubId", "The same id."),
            .body("commissioningCode", "The device's setup code: 11 or 21 digits, or the text of its QR code.")),
        make: CommissionDevice.init(hub:named:code:)
    )
}

/// The setup code of a Matter device: its manual pairing code, or its QR code (Matter Core Specification, Onboarding Payload).
struct SetupCode: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var schema: Schema { .string.matching(#"^(\d{11}|\d{21}|MT:.+)$"#) }

    static func problem(with text: String) -> String? {
        let isManual = [11, 21].contains(text.utf8.count) && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isManual || text.hasPrefix("MT:") && text.utf8.count > 3 ? nil : "must be 11 or 21 digits, or begin with MT:"
    }
}
