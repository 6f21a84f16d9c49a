import Application
import Kernel

/// Links a device to a user, for display. The device itself is not contacted.
struct AddDevice: Command, ConcernsUser {
    let user: UserID
    let device: NonEmptyString
    let kind: LinkedDevice.Kind
    let org: NonEmptyString
    let name: String?
    let addedBy: String?

    var target: String { user.text }

    enum Refusal: DomainError {
        case linkedAlready, isFull
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .linkedAlready: "The device is linked to the user already."
            case .isFull: "A user has at most \(UserAccount.maxDevices) devices."
            }
        }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        let id = LinkedDevice.ID(device.text)
        guard user.device(id) == nil else { throw .linkedAlready }
        guard user.devices.count < UserAccount.maxDevices else { throw .isFull }
        return [.deviceAdded(LinkedDevice(id: id, kind: kind, org: OrgID(org.text), name: name, addedBy: addedBy, addedAt: now))]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services
    ) -> Effect {
        guard !events.isEmpty else { return .none }
        return .local(Changes(rows: DeviceLinks.add(user, LinkedDevice.ID(device.text), to: OrgID(org.text), by: request.caller)))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/AddDevice", "Link a device to a user",
        allow: .selfOrTenant,
        inputs: .init(
            .path("id", "Id of the user."), .body("deviceId", "The device."), .body("deviceType", "What it is."),
            .body("orgId", "The tenant it belongs to."),
            .body("name", "What the app shows."), .body("addedBy", "Who linked it.")),
        make: AddDevice.init(user:device:kind:org:name:addedBy:)
    )
}
