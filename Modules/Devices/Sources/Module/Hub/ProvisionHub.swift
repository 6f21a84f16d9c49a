import Application
import DevicesContracts
import Kernel

/// Registers a newly manufactured hub.
struct ProvisionHub: Command {
    let hub: Hub.ID
    let named: UUIDText
    let serial: NonEmptyString
    let model: NonEmptyString
    let thing: NewThingName?
    let vendor: Name?

    static let createsAggregate = true
    var target: String { hub.text }

    enum Refusal: DomainError {
        case otherHub, thingTaken
        var kind: RefusalKind { self == .thingTaken ? .forbidden : .invalid }
        var message: String {
            switch self {
            case .otherHub: "The body's hubId must be the id in the path."
            case .thingTaken: "The thing name belongs to another hub, device or lock."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("things") ? .thingTaken : nil }

    func decide(_ state: Hub, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Hub.Event] {
        guard Hub.ID(named.text) == hub else { throw .otherHub }
        guard state.status == .unknown else { return [] }  // registering an existing hub is not an error
        let hardware = Hub.Hardware(
            hub: hub, serial: serial, model: model, thing: thing.map { ThingName($0.text) } ?? ThingName(hub.text), vendor: vendor?.text)
        return [.provisioned(hardware, at: now)]
    }

    /// Registers the hub's thing together with the hub, without an owner until the hub is claimed. A taken name is refused, because
    /// claiming the hub would take over the existing thing of that name.
    func effect(of events: [Hub.Event], on snapshot: Snapshot<Hub>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        guard case .provisioned(let hardware, _)? = events.first else { return .none }
        return .local(Changes(rows: ThingTables.register(hardware.thing, with: hardware.hub, in: Hub())))
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/ProvisionHub", "Register a manufactured hub",
        allow: Rule("any API key") { _, _, caller in if case .key = caller { true } else { false } },
        inputs: .init(
            .path("id", "Id of the hub, a UUID."),
            .body("hubId", "The same id."),
            .body("serial", "Serial number."),
            .body("model", "Model."),
            .body("thingName", "Name of its thing on the broker; the hub's id when absent."),
            .body("vendorName", "Maker.")), make: ProvisionHub.init(hub:named:serial:model:thing:vendor:)
    )
}

/// A thing name as given at registration.
struct NewThingName: StringValue {
    let text: String
    init(_ text: String) { self.text = ThingName(text).text }
    static var maxLength: Int { 128 }
    static var schema: Schema { .string.matching("^[a-zA-Z0-9:_-]+$").limited(min: 1, max: Int64(maxLength)) }
    static func problem(with text: String) -> String? {
        ThingName(text).isThingName ? nil : "must have 1 to 128 of the characters a-z A-Z 0-9 : _ -"
    }
}
