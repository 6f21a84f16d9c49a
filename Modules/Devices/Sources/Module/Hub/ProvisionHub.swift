import DevicesContracts
import Kernel

/// Registers a hub as it leaves the factory.
struct ProvisionHub: Command {
    let hub: Hub.ID
    let named: UUIDText
    let serial: NonEmpty
    let model: NonEmpty
    let thing: ThingName?
    let vendor: String?

    static let founds = true
    var target: String { hub.text }

    enum Refusal: Refused {
        case otherHub
        var kind: RefusalKind { .invalid }
        var words: String { "The body's hubId must be the id in the path." }
    }

    func decide(_ state: Hub, at now: Moment) throws(Refusal) -> [Hub.Event] {
        guard named.text == hub.text else { throw .otherHub }
        guard state.status == .unknown else { return [] }  // registering what exists is not an error
        let hardware = Hub.Hardware(hub: hub, serial: serial, model: model, thing: thing ?? ThingName(hub.text), vendor: vendor)
        return [.provisioned(hardware, at: now)]
    }

    static let operation = Operation.command(
        .post, "/hubs/{id}/ProvisionHub", "Register a manufactured hub",
        allow: Rule("any API key") { _, _, caller in if case .key = caller { true } else { false } },
        before: .unboundThing,
        input:
            .path("id", "Id of the hub, a UUID."),
        .body("hubId", "The same id."),
        .body("serial", "Serial number."),
        .body("model", "Model."),
        .body("thingName", "Name of its thing on the broker; the hub's id when absent."),
        .body("vendorName", "Maker."),
        make: ProvisionHub.init(hub:named:serial:model:thing:vendor:)
    )
}

extension Preparation where C == ProvisionHub {
    /// A hub is not registered under the name of a lock or of a device: claiming it would take them over.
    static var unboundThing: Preparation {
        Preparation { plan, services in
            guard case .provisioned(let hardware, _)? = plan.events.first else { return Outcome() }
            guard try await services.store.query(ThingTables.owner(hardware.thing)).isEmpty else {
                throw Failure.refused(.forbidden, code: nil, words: "The thing '\(hardware.thing)' belongs to somebody.")
            }
            return Outcome()
        }
    }
}
