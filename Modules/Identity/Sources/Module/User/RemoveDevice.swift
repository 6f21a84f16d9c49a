import Application
import Kernel

/// Unlinks a device from a user.
struct RemoveDevice: Command, ConcernsUser {
    let user: UserID
    let device: LinkedDevice.ID
    let removedBy: String
    let reason: String

    var target: String { user.text }

    enum Refusal: DomainError {
        case notLinked
        var kind: RefusalKind { .invalid }
        var message: String { "The device is not linked to the user." }
    }

    func decide(_ user: UserAccount, _: NoFacts, at now: Timestamp) throws(Refusal) -> [UserAccount.Event] {
        guard let linked = user.device(device) else { throw .notLinked }
        return [.deviceRemoved(linked, by: removedBy, reason: reason, at: now)]
    }

    func effect(
        of events: [UserAccount.Event], on snapshot: Snapshot<UserAccount>, _: NoFacts, _ request: Request, _ services: Services
    ) -> Effect {
        .local(Changes(rows: [DeviceLinks.remove(user, device, by: request.caller)]))
    }

    static let operation = Operation.command(
        .post, "/users/{id}/RemoveDevice", "Unlink a device from a user",
        allow: .selfOrTenant,
        inputs: .init(
            .path("id", "Id of the user."), .body("deviceId", "The device."), .body("removedBy", "Who unlinked it."),
            .body("reason", "Why.")),
        make: RemoveDevice.init(user:device:removedBy:reason:)
    )
}
