import Application
import DevicesContracts
import Kernel

/// Opens the door now or not at all: the command expires after thirty seconds, wherever it waits.
struct OpenLock: Command {
    let lock: LockID
    let reason: String?
    let request: String?
    /// The lifetime of an unlock command.
    static let lifetime = Duration.seconds(30)

    var target: String { lock.description }

    func decide(_ lock: Lock, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Lock.Event] {
        [.openRequested(reason: reason, request: request)]
    }

    static let effectAnswers = DeviceCall.answers

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        let command = DeviceCommand.unlock(reason: reason, request: self.request)
        let basis = Right.Basis.manager(request.caller.withoutAddress)
        return .device(DevicePush(command: command, lifetime: Self.lifetime, kind: .open, basis: basis), of: snapshot.state, for: request)
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/OpenLock", "Open a lock; X-Action-Id in the answer names the action to follow",
        allow: .manager,
        inputs: .init(
            .path("id", "Number of the lock."),
            .body("reason", "Why it is opened."),
            .body("requestId", "The caller's own mark, echoed in the event.")), make: OpenLock.init(lock:reason:request:)
    )
}
