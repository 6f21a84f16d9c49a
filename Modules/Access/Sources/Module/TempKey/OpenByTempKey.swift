import Application
import DevicesContracts
import Kernel

/// The lock's part of an open by a guest: records the request and the use in its history.
struct OpenByTempKey: Command {
    let lock: LockID
    let use: TempKeyUse
    let byPin: Bool

    var target: String { lock.description }

    func decide(_ lock: Lock, _: Facts, at now: Timestamp) throws(NoRefusal) -> [Lock.Event] {
        [.openRequested(reason: "temp-key", request: nil), .tempKeyUsed(use)]
    }

    /// Reads the key after the lock. Anything that ends the key from now on also advances the lock's version, which the fence detects when
    /// the command is stored.
    func facts(on snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Facts {
        let key = try await GuestRefusal.confirm(use.key, at: snapshot.state, for: use.user, byPin: byPin, using: request.action, services)
        return Facts(until: key.until)
    }

    /// When the key ends.
    struct Facts: Sendable {
        let until: Timestamp
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _ facts: Facts, _ request: Request, _ services: Services) -> Effect {
        let basis = Right.Basis.tempKey(use.key, user: use.user, byPin: byPin, action: request.action)
        let push = DevicePush(
            command: .unlock(reason: "temp-key", request: nil), lifetime: OpenLock.lifetime, kind: .open, basis: basis,
            rightEndsAt: facts.until)
        return .device(push, of: snapshot.state, for: request)
    }
}
