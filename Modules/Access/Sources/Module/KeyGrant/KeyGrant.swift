import Application
import Kernel

/// The wanted and the actual state of one key on one lock's device: when the key is active, and whether the device has it. Kept apart from
/// the lock's own history, and created for a key with a validity or when a key's holder is suspended.
struct KeyGrant: Aggregate {
    static let category = Category("key-grant", className: "KeyGrantAggregate", schemaVersion: 2)

    enum Event: Sendable, Equatable {
        /// - Parameters:
        ///   - isOnDevice: whether the device already has the key.
        ///   - run: the workflow run that keeps the device in step.
        case granted(Terms, isOnDevice: Bool, run: WorkflowID)
        /// The holder was suspended. A key that is always active has no run until then; this one keeps the device in step from now on.
        case barred(run: WorkflowID)
        /// The holder is no longer suspended.
        case admitted
        /// The device is to receive the key, or to lose it; recorded before anything is sent.
        case moveIntended(onto: Bool, attempt: Int)
        /// The device link accepted the command, or the command was not needed.
        case moveSent(attempt: Int)
        /// The device reported success, or the command was not needed.
        case moveDone(attempt: Int)
        /// The device reported failure.
        case moveFailed(attempt: Int, at: Timestamp)
        /// The key was removed from the lock.
        case revoked
    }

    /// The terms of the grant.
    struct Terms: Sendable, Equatable, Codable {
        let lock: LockID
        let key: Key.ID
        var index: Int?
        var holder: UserID?
        let validity: Validity
        /// The version of the lock at which the key was added. Earlier removals of the same key do not concern this grant.
        let since: Int
    }

    private(set) var terms: Terms?
    private(set) var run: WorkflowID?
    private(set) var isBarred = false
    private(set) var isRevoked = false
    /// Whether the device has the key, or will have it once it has carried out the last command.
    private(set) var isOnDevice = false
    private(set) var attempt = 0
    private(set) var isSent = true
    /// Whether nothing is outstanding for the last command: the device reported success, or it was never needed.
    private(set) var isDone = false
    private(set) var failures = 0
    private(set) var retryAt: Timestamp?

    mutating func apply(_ event: Event) {
        switch event {
        case .granted(let terms, let isOnDevice, let run):
            let attempt = attempt
            self = KeyGrant()
            self.terms = terms
            self.isOnDevice = isOnDevice
            self.run = run
            self.attempt = attempt
            isDone = !isOnDevice
        case .barred(let run): (isBarred, self.run) = (true, run)
        case .admitted: isBarred = false
        case .moveIntended(let isOnDevice, let attempt):
            if isOnDevice != self.isOnDevice { (failures, retryAt) = (0, nil) }
            self.isOnDevice = isOnDevice
            self.attempt = attempt
            isSent = false
            isDone = false
        case .moveSent: isSent = true
        case .moveDone:
            isDone = true
            failures = 0
            retryAt = nil
        case .moveFailed(let attempt, let now):
            failures += 1
            retryAt = now + min(.seconds(10) * (1 << min(failures, 10)), .seconds(3600))
            (isSent, self.attempt) = (false, attempt + 1)
        case .revoked: isRevoked = true
        }
    }

    /// Empty, because partners are notified of keys through the lock's events.
    func audience(of event: Event, before: KeyGrant) -> [OrgID] { [] }
    var organisation: OrgID? { nil }

    static func id(_ lock: LockID, _ key: Key.ID) -> String { "\(lock)/\(key)" }

    /// Returns the id for one stored in a run or message of an earlier build, which may have the key in capitals.
    static func id(stored text: String) -> String {
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        return parts.count == 2 ? "\(parts[0])/\(Key.ID(parts[1]))" : text
    }
}

// MARK: - Next step

extension KeyGrant {
    enum NextStep: Equatable {
        /// Record whether the device is to have the key.
        case intend(onto: Bool, attempt: Int)
        /// Send the recorded command.
        case send(onto: Bool, attempt: Int)
        case sleep(until: Timestamp)
        case end
    }

    /// The longest sleep before the clock is read again, because the clock may be corrected in the meantime.
    static let longestSleep = Duration.seconds(3600)
    /// How long a key is watched after its end, because correcting a clock that ran ahead makes it active again.
    static let gracePeriod = Duration.seconds(86_400)

    var isLive: Bool { terms != nil && !isRevoked }
    /// Whether the device has the key, may yet receive it, or may not have removed it yet.
    var mayBeOnDevice: Bool { isOnDevice || !isSent || attempt > 0 && !isDone }

    func nextStep(at now: Timestamp, _ zones: TimeZones) -> NextStep {
        guard let terms else { return .end }
        let isWanted = isLive && !isBarred && terms.validity.isActive(at: now, zones)
        if isWanted != isOnDevice { return .intend(onto: isWanted, attempt: attempt + 1) }
        if !isSent {
            if let retryAt, now < retryAt { return .sleep(until: retryAt) }
            return .send(onto: isOnDevice, attempt: attempt)
        }
        // A key that has left the lock is watched until the device has removed it.
        if isRevoked { return attempt == 0 || isDone ? .end : .sleep(until: now + Self.longestSleep) }
        if let until = terms.validity.until, terms.validity.isOver(at: now) {
            let end = until + Self.gracePeriod
            return now < end ? .sleep(until: min(end, now + Self.longestSleep)) : .end
        }
        if terms.validity.isAlways, !isBarred { return .end }
        let change = isBarred ? nil : terms.validity.nextChange(after: now, zones)
        return .sleep(until: min(change ?? now + Self.longestSleep, now + Self.longestSleep))
    }
}
