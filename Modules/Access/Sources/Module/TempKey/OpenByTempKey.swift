import Kernel

/// The lock's part of a guest's open: the request and the use, in its history.
struct OpenByTempKey: Command {
    let lock: LockID
    let use: TempKeyUse
    let byPin: Bool

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] {
        [.openRequested(reason: "temp-key", request: nil), .tempKeyUsed(use)]
    }

    /// The key is looked at behind the lock: whatever ends it from now on moves the lock's version too, and is found where the command is stored.
    static let confirming: @Sendable (OpenByTempKey, Snapshot<Lock>, Request, Services) async throws -> OpenByTempKey = { command, lock, request, services in
        let use = command.use
        try await GuestRefusal.confirm(use.key, at: lock.state, for: use.user, byPin: command.byPin, using: request.action, services)
        return command
    }

    static let push = Preparation<OpenByTempKey>.device { plan in
        let use = plan.command.use
        let basis = Right.Basis.tempKey(use.key, user: use.user, byPin: plan.command.byPin, action: plan.request.action)
        return DeviceCommand(name: "unlock", args: ["reason": "temp-key"], lifetime: OpenLock.lifetime, kind: .open, basis: basis)
    }
}
