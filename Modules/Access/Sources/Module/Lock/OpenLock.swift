import Kernel

/// Opens the door, now or not at all: the command dies after thirty seconds, wherever it waits.
struct OpenLock: Command {
    let lock: LockID
    let reason: String?
    let request: String?

    /// How long an unlock command lives.
    static let lifetime = Duration.seconds(30)

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] { [.openRequested(reason: reason, request: request)] }

    static let operation = Operation.command(
        .post, "/locks/{id}/OpenLock", "Open a lock; X-Action-Id in the answer names the action to follow",
        allow: .manager,
        before: .device { plan in
            let args: JSON = ["request_id": plan.command.request?.json, "reason": plan.command.reason?.json]
            return DeviceCommand(name: "unlock", args: args, lifetime: lifetime, kind: .open, basis: .manager(plan.request.caller.withoutAddress))
        },
        input:
            .path("id", "Number of the lock."),
        .body("reason", "Why it is opened."),
        .body("requestId", "The caller's own mark, echoed in the event."),
        make: OpenLock.init(lock:reason:request:)
    )
}
