import Application
import DevicesContracts
import Kernel

/// The right that a command for a lock's device depends on. It travels with the command and is checked again before the command is shown to
/// a device that was offline, so a decision never outlives its premises.
struct Right: Codable, Sendable, Equatable {
    enum Basis: Codable, Sendable, Equatable {
        /// The caller manages the lock.
        case manager(Caller)
        /// The caller may give keys to the lock.
        case keyGiver(Caller)
        /// A guest has a key to a door and has reserved a use of it.
        case tempKey(TempKey.ID, user: UserID?, byPin: Bool, action: ActionID)
        /// The key is on the lock's list.
        case listedKey(Key.ID)
    }
    let lock: LockID
    /// The lock's thing at the time of the decision.
    let uuid: UUIDText
    let basis: Basis
    /// The version of the credentials at the time of the decision; nil if no caller was involved.
    let credentials: Int64?

    init(_ basis: Basis, of lock: Lock, credentials: Int64? = nil) {
        self.lock = LockID(lock.number)
        uuid = lock.uuid
        self.basis = basis
        self.credentials = credentials
    }

    /// The subjects whose changes may end the right.
    var about: [String] {
        let subjects: [String] =
            switch basis {
            case .manager(let caller), .keyGiver(let caller): caller.subject.map { [$0] } ?? []
            case .tempKey(let key, let user, _, _):
                [Premise.subject(of: TempKey.stream(key))] + (user.map { [Premise.subject(of: $0)] } ?? [])
            case .listedKey: []
            }
        return [Premise.subject(of: Lock.stream(lock))] + subjects
    }

    /// Returns whether the right holds now.
    func holds(_ services: Services) async throws -> Bool {
        let snapshot = try await services.store.load(Lock.self, lock.description), lock = snapshot.state
        guard snapshot.exists, lock.uuid == uuid else { return false }
        switch basis {
        case .manager(let caller): return try await isStill(caller, services) ? lock.isManaged(by: caller, services) : false
        case .keyGiver(let caller): return try await isStill(caller, services) ? lock.isGivenKeys(by: caller, services) : false
        case .listedKey(let key): return lock.key(key) != nil
        case .tempKey(let key, let user, let byPin, let action):
            do {
                try await GuestRefusal.confirm(key, at: lock, for: user, byPin: byPin, using: action, services)
                return true
            } catch RequestError.unavailable(let message, let retryAfter) {
                throw RequestError.unavailable(message, retryAfter: retryAfter)  // unknown for now: the right has not ended
            } catch is RequestError {
                return false
            }
        }
    }

    /// Returns whether the caller's API key has not been revoked since; true for all other callers.
    private func isStill(_ caller: Caller, _ services: Services) async throws -> Bool {
        guard case .key(let org, let isSuper) = caller, let credentials else { return true }
        let ended = try await services.store.query(services.directory.revocation(org, isSuper)).first?.find("epoch", as: Int64.self)
        return ended.map { $0 <= credentials } ?? true
    }

    /// Returns when the right ends by itself; nil if it does not.
    private func end(_ lock: Lock, _ services: Services) async throws -> Timestamp? {
        switch basis {
        case .manager(let caller), .keyGiver(let caller): try await lock.end(of: caller, services)
        case .tempKey(let key, _, _, _): try await services.store.load(TempKey.self, key.text).state.until
        case .listedKey: nil
        }
    }

    /// - Parameter known: when the right ends by itself, if already known.
    func premise(_ lock: Lock, _ services: Services, endingAt known: Timestamp? = nil) async throws -> Premise {
        var endsAt = known
        if endsAt == nil { endsAt = try await end(lock, services) }
        return Premise(module: services.module, about: about, question: try JSON(encoding: self), endsAt: endsAt)
    }

    /// Answers questions of Devices about commands that have waited.
    static func answering(_ services: Services) -> AskHandler {
        AskHandler(PremisesHold.name(at: services.module)) { questions in
            var verdicts: [JSON] = []
            for question in questions.items ?? [] {
                let right: Right = try question.decoded()
                verdicts.append(.bool(try await right.holds(services)))
            }
            return .array(verdicts)
        }
    }
}

extension Caller {
    /// The caller as a subject of rights.
    fileprivate var subject: String? {
        switch self {
        case .user(let user, _): Premise.subject(of: user)
        case .key(let org, _): Premise.subject(ofKeysOf: org)
        case .anonymous, .staff: nil
        }
    }
}
