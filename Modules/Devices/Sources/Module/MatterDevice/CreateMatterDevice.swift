import DevicesContracts
import Kernel

/// Registers a Matter device. A lock whose uuid is the device's id or the name of its thing is opened by it too.
struct CreateMatterDevice: Command {
    let device: MatterDevice.ID
    let named: MatterDevice.ID
    let thing: NewThingName
    let hub: Hub.ID
    let type: Name
    /// The tenant of the hub; nil while nobody has claimed it.
    var org: OrgID?

    static let founds = true
    var target: String { device.text }

    enum Refusal: Refused {
        case otherDevice, thingTaken
        var kind: RefusalKind { self == .thingTaken ? .forbidden : .invalid }
        var words: String {
            switch self {
            case .otherDevice: "The body's deviceId must be the id in the path."
            case .thingTaken: "The thing of this device belongs to somebody else."
            }
        }
    }

    static func refusal(duplicate constraint: String) -> Refusal? { constraint.contains("things") ? .thingTaken : nil }

    func decide(_ state: MatterDevice, at now: Moment) throws(Refusal) -> [MatterDevice.Event] {
        guard named == device else { throw .otherDevice }
        guard state.registration == nil else { return [] }  // registering what exists is not an error
        return [.created(MatterDevice.Registration(device: device, thing: ThingName(thing.text), hub: hub, type: type.text), org: org, at: now)]
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/CreateMatterDevice", "Register a Matter device",
        allow: .tenantOfHub,
        completing: { command, _, _, services in
            var command = command
            command.org = try await services.store.load(Hub.self, command.hub.text).state.organisation
            return command
        },
        before: .binding,
        input:
            .path("id", "Id of the device."),
        .body("deviceId", "The same id."),
        .body("thingName", "Name of its thing on the broker; for devices of the bridge the same id once more."),
        .body("hubId", "The hub that it is behind."),
        .body("deviceType", "Kind of device, such as `lock` or `contact_sensor`.", default: Name("generic")),
        make: { CreateMatterDevice(device: $0, named: $1, thing: $2, hub: $3, type: $4) }
    )
}

extension Preparation where C == CreateMatterDevice {
    /// The device's thing is registered with the hub, and follows it. One that its tenant has already, as a lock, stays the tenant's; what anybody else
    /// has is not taken over.
    static var binding: Preparation {
        Preparation(repeats: true) { plan, services in
            let command = plan.command, thing = ThingName(command.thing.text)
            switch DeviceDesk.owner(of: try await services.store.query(ThingTables.owner(thing)).first) {
            case .nobody: return Outcome(rows: [ThingTables.register(thing, with: command.hub, of: command.org)])
            case .tenant(let org, _) where org == command.org ?? plan.request.caller.org: return Outcome()
            case .unclaimed(let hub) where hub == command.hub: return Outcome()
            case .tenant, .unclaimed, .person: throw Failure(CreateMatterDevice.Refusal.thingTaken)
            }
        }
    }
}
