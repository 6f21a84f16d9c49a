import Application
import DevicesContracts
import Kernel

/// Keeps the device of a lock in step with a key's validity and its holder's suspensions. Progress is recorded in the key's grant and the
/// clock is read on every pass, so restarts and clock corrections change nothing.
struct KeepKeyInTime: Workflow {
    static let name = "timed-key-workflow", label = "Keep a key on a lock at its hours"

    let grant: String

    /// Delay before retrying while the device link is down.
    static let timeout = Duration.seconds(15)

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        while true {
            let snapshot = try await services.store.load(KeyGrant.self, KeyGrant.id(stored: grant)), now = services.clock()
            switch snapshot.state.nextStep(at: now, services.zones) {
            case .end: return ["isOnDevice": .bool(snapshot.state.isOnDevice)]
            case .sleep(let until): try await steps.sleep(until: until)
            case .intend(let isOnDevice, let attempt):
                services.crashes.reach(.beforeStep, in: "intend \(attempt)")
                try await record([.moveIntended(onto: isOnDevice, attempt: attempt)], snapshot, services)
                services.crashes.reach(.afterStep, in: "intend \(attempt)")
            case .send(let isOnDevice, let attempt):
                services.crashes.reach(.beforeStep, in: "send \(attempt)")
                let sending = try await send(snapshot.state, isOnDevice, attempt, services)
                if sending == .later {
                    try await steps.sleep(until: services.clock() + Self.timeout)
                    continue
                }
                services.crashes.reach(.afterStep, in: "send \(attempt)")
                // No report follows a command that was not sent, so the move is done.
                try await record(
                    [.moveSent(attempt: attempt)] + (sending == .needless ? [.moveDone(attempt: attempt)] : []), snapshot, services)
            }
        }
    }

    /// Appends events to the grant. On a version conflict another writer was first, and the caller reloads.
    private func record(_ events: [KeyGrant.Event], _ snapshot: Snapshot<KeyGrant>, _ services: Services) async throws {
        do {
            let trace = Trace(correlation: grant, causation: nil)
            try await services.store.commit(Commit([try Append(events, to: snapshot, at: services.clock())], trace: trace))
        } catch CommitFailure.versionConflict {}
    }

    private enum Sending { case taken, needless, later }

    /// Sends the command; returns `later` if the device link does not accept it now. A retry carries the same action id, so the device
    /// receives the command once. Holds the lock's stream lock, so no request of this process moves the same key meanwhile.
    private func send(_ grant: KeyGrant, _ isAddition: Bool, _ attempt: Int, _ services: Services) async throws -> Sending {
        guard let terms = grant.terms else { return .needless }
        let streamLock = try await services.store.lockStream(Lock.stream(terms.lock.number))
        defer { streamLock.release() }
        let lock = try await services.store.load(Lock.self, terms.lock.description).state
        // A key that has left the lock meanwhile is not sent to the device; its revocation follows.
        if isAddition, lock.key(terms.key) == nil { return .later }
        // A key that was removed and added again without limits stays on the device.
        if !isAddition, grant.isRevoked, lock.key(terms.key) != nil { return .needless }
        let key = DeviceKey(id: terms.key.text, index: terms.index)
        // An addition expires when the key's active period ends.
        let end = isAddition ? grant.terms?.validity.nextChange(after: services.clock(), services.zones) : nil
        let right = Right(.listedKey(terms.key), of: lock)
        let premise = Premise(module: services.module, about: right.about, question: try JSON(encoding: right), endsAt: end)
        let command = SendCommand(
            action: Self.action(self.grant, attempt, services), thing: lock.thing, org: lock.organisation,
            command: isAddition ? .addKey(key, holder: terms.holder) : .removeKey(key), lifetime: nil,
            context: try JSON(encoding: KeyMove(grant: self.grant, attempt: attempt)),
            premise: isAddition ? premise : nil)
        do {
            let reply = try await services.bus.ask(command, trace: Trace(correlation: self.grant, causation: nil), now: services.clock())
            return reply.outcome == .accepted || reply.outcome == .unknown ? .taken : .later
        } catch is AskFailure {
            return .later
        } catch RequestError.unavailable {
            return .later
        }
    }

    private static func action(_ grant: String, _ attempt: Int, _ services: Services) -> ActionID {
        ActionID(UUIDText(digest: services.vault.sha256(Array("\(grant) \(attempt)".utf8))).text)
    }
}

/// The context that is sent with the command and returned when the command has finished.
struct KeyMove: Codable, Equatable {
    let grant: String
    let attempt: Int
}
