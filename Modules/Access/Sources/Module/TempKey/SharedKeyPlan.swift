import Kernel

/// A shared key on its way into the store: the key's stream, the streams of all its locks, and the PIN become true together.
struct SharedKeyPlan {
    let key: TempKey.ID
    let from: Moment
    let until: Moment
    let remark: Remark?
    let doors: [DoorRequest]
    let needsPin: Bool
    let request: Request

    /// How many PINs are tried, and how often faster writers are waited for.
    private static let tries = 50

    func carryOut(_ services: Services) async throws -> (TempKey.Definition, Pin?) {
        for _ in 0..<Self.tries {
            let locks = try await locks(services)
            let pin = needsPin ? Pin.random(services.vault) : nil
            if let pin, try await isTaken(pin, services) { continue }
            let definition = try definition(locks, pin, services.vault)
            do {
                try await services.store.commit(try commit(definition, locks, pin, services))
                return (definition, pin)
            } catch CommitFailure.versionConflict {
                if let stored = try await stored(services) { return stored }
            } catch CommitFailure.duplicate(let constraint) where constraint.contains("pins") {
                continue
            }
        }
        throw Failure.unavailable("No PIN was free, or the locks change too often.", retryAfter: .seconds(2))
    }

    /// Whether a lock knows the PIN under an older data key; the current one is looked after by the table's key.
    private func isTaken(_ pin: Pin, _ services: Services) async throws -> Bool {
        let older = pin.digests(services.vault).dropFirst(), coded = Set(doors.filter { $0.method != .key }.map(\.lock))
        guard !older.isEmpty else { return false }
        return try await services.store.read(older.flatMap { digest in coded.map { PinRows.find(digest, at: $0) } }).contains { !$0.isEmpty }
    }

    /// The key, when an earlier try of the same request has stored it and nobody was told.
    private func stored(_ services: Services) async throws -> (TempKey.Definition, Pin?)? {
        let key = try await services.store.load(TempKey.self, key.text)
        guard key.exists, key.state.createdBy.hasSameBytes(as: request.caller.name) else { return nil }
        return (key.state.definition, try key.state.sealedPin.map { try Pin.open($0, for: key.state.id, services.vault) })
    }

    /// The locks, each once; refuses when one is missing or not the caller's.
    private func locks(_ services: Services) async throws -> [Snapshot<Lock>] {
        let numbers = doors.map(\.lock).reduce(into: [LockID]()) { if !$0.contains($1) { $0.append($1) } }
        var locks: [Snapshot<Lock>] = []
        for number in numbers { locks.append(try await services.store.load(Lock.self, number.description)) }
        if let missing = locks.first(where: { !$0.exists }) { throw Failure.refused(.unknown, code: nil, words: "There is no lock '\(missing.stream.id)'.") }
        for lock in locks {
            guard try await lock.state.isGiven(by: request.caller, services) else {
                throw Failure.refused(.forbidden, code: nil, words: "Only the owner of every lock may do this.")
            }
        }
        return locks
    }

    private func definition(_ locks: [Snapshot<Lock>], _ pin: Pin?, _ vault: Vault) throws -> TempKey.Definition {
        let states = Dictionary(locks.map { (LockID($0.state.number), $0.state) }) { first, _ in first }
        let doors = self.doors.enumerated().map { place, door in
            TempKey.Door(id: place + 1, lock: door.lock, lockUuid: states[door.lock]?.uuid ?? "", label: door.label, method: door.method, hands: states[door.lock]?.hands)
        }
        return TempKey.Definition(
            id: key, isShared: true, doors: doors, users: nil, from: from, until: until, maxUses: nil, description: remark?.text,
            sealedPin: try pin.map { try $0.sealed(for: key, vault) }, createdBy: request.caller.name, createdAt: request.attempt.now,
            giver: TempKey.Giver(request.caller))
    }

    private func commit(_ definition: TempKey.Definition, _ locks: [Snapshot<Lock>], _ pin: Pin?, _ services: Services) throws -> Commit {
        let now = request.attempt.now, empty = Snapshot<TempKey>(stream: TempKey.stream(key), state: TempKey(), version: 0, changedAt: now)
        let told = try locks.map { try Append([.tempKeyCreated(TempKeyNotice(definition))], to: $0, at: now) }
        let coded = Set(definition.doors.filter(\.takesPin).map(\.lock))
        let pins = pin.map { pin in PinRows.forget(before: now) + coded.map { PinRows.insert(pin.digest(services.vault), $0, key, until) } } ?? []
        return Commit([try Append([.created(definition)], to: empty, at: now)] + told, rows: pins, trace: request.trace)
    }
}
