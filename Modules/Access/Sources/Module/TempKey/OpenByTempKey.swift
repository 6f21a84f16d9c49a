import Kernel

/// The lock's part of a guest's open: the request and the use, in its history.
struct OpenByTempKey: Command {
    let lock: LockID
    let use: TempKeyUse

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] {
        [.openRequested(reason: "temp-key", request: nil), .tempKeyUsed(use)]
    }

    static let push = Preparation<OpenByTempKey>.device { command, _, _ in
        DeviceCommand(name: "unlock", args: ["reason": "temp-key"], lifetime: OpenLock.lifetime, kind: .open)
    }
}
