import DevicesContracts
import Kernel

/// Registers a Matter device. A lock whose uuid is the device's id or the name of its thing is opened by it too.
struct CreateMatterDevice: Command {
    let device: MatterDevice.ID
    let named: MatterDevice.ID
    let thing: ThingName
    let hub: Hub.ID
    let type: String
    /// The tenant of the hub, or whoever registers where nobody has claimed it.
    var org: OrgID?

    static let founds = true
    var target: String { device.text }

    enum Refusal: Refused {
        case otherDevice
        var kind: RefusalKind { .invalid }
        var words: String { "The body's deviceId must be the id in the path." }
    }

    func decide(_ state: MatterDevice, at now: Moment) throws(Refusal) -> [MatterDevice.Event] {
        guard named == device else { throw .otherDevice }
        guard state.registration == nil else { return [] }  // registering what exists is not an error
        return [.created(MatterDevice.Registration(device: device, thing: thing, hub: hub, type: type), org: org, at: now)]
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/CreateMatterDevice", "Register a Matter device",
        allow: .tenantOfHub,
        completing: { command, _, request, services in
            var command = command
            command.org = try await services.store.load(Hub.self, command.hub.text).state.organisation ?? request.caller.org
            return command
        },
        before: .bindingThing,
        input:
            .path("id", "Id of the device."),
        .body("deviceId", "The same id."),
        .body("thingName", "Name of its thing on the broker; for devices of the bridge the same id once more."),
        .body("hubId", "The hub that it is behind."),
        .body("deviceType", "Kind of device, such as `lock` or `contact_sensor`.", default: "generic"),
        make: { CreateMatterDevice(device: $0, named: $1, thing: $2, hub: $3, type: $4) }
    )
}

extension Preparation where C == CreateMatterDevice {
    /// Ties the device's thing to the tenant before the device exists: what another tenant holds is not taken over.
    static var bindingThing: Preparation {
        Preparation { plan, services in
            let binding = BindThing(thing: plan.command.thing, org: plan.command.org)
            guard try await services.bus.ask(binding, trace: plan.request.trace, now: services.clock()).isBound else {
                throw Failure.refused(.forbidden, code: nil, words: "The thing of this device belongs to another tenant.")
            }
            return Outcome()
        }
    }
}
