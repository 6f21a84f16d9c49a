import Application
import DevicesContracts
import Kernel

/// Finishes actions when Devices reports that a command has finished. Events that a crash kept from being stored are appended first.
struct FinishActions {
    let store: Store
    let clock: @Sendable () -> Timestamp
    let sha256: @Sendable ([UInt8]) -> [UInt8]
    let startWorkflow: @Sendable (WorkflowStart) -> SQL

    init(_ services: Services) {
        store = services.store
        clock = services.clock
        sha256 = services.vault.sha256
        startWorkflow = services.startWorkflow
    }

    static func reaction(_ services: Services) -> Reaction {
        let finish = FinishActions(services)
        return Reaction(
            "access-finish-actions", partitions: 4, .on(CommandFinished.self) { finished, _ in try await finish.react(to: finished) })
    }

    func react(to finished: CommandFinished) async throws -> Changes {
        // A command without this context belongs to another module. One that was withdrawn before it was published never happened, unless
        // its action is stored: its caller was then told that it would.
        guard finished.context[PushContext.mark] != nil else { return .none }
        let context = try finished.context.decoded(as: PushContext.self)
        if finished.outcome == .withdrawn, !finished.wasPublished, try await !isStored(finished.action) { return .none }
        var effects = try await missing(context, finished)
        let now = clock(), error = Self.error(of: finished)
        let result: JSON? = error == nil ? ["late": finished.isLate ? true : nil] : nil
        effects.rows.append(
            ActionRow.finish(finished.action, error: error, isLate: finished.isLate, result: result, at: finished.finishedAt))
        try await followKey(finished.outcome, isLate: finished.isLate, context.keyed, &effects)
        if context.row.kind == .open {
            let event = Self.event(finished, context.row.door), action = try await store.load(OpenAction.self, finished.action.text)
            if action.state.mayStillHear(event) { effects.appends.append(try Append([event], to: action, at: now)) }
        }
        return effects
    }

    /// Settles an action that Devices does not know: nothing can have opened, and no key was added or removed.
    func reconcileUnsent(_ stored: Row) async throws -> Changes {
        let lock = try stored.read("lock_id", as: LockID.self)
        let row = try ActionRow(stored, of: try await store.load(Lock.self, lock.description).state)
        let error = (type: "NotSent", message: "The command did not reach the device link.")
        var effects = Changes(rows: [ActionRow.finish(row.action, error: error, result: nil, at: clock())])
        if try await isLatest(row) { try await followKey(.failed, isLate: false, row, &effects) }
        let event = OpenAction.Event.failed(row.door, error: error.message), action = try await store.load(OpenAction.self, row.action.text)
        if row.kind == .open, action.state.mayStillHear(event) { effects.appends.append(try Append([event], to: action, at: clock())) }
        return effects
    }

    /// Keeps the stored keys and the device in step. A key that the device refused leaves the list; one that it did not remove is removed
    /// by a workflow that retries until it is gone.
    private func followKey(_ outcome: CommandFinished.Outcome, isLate: Bool, _ row: ActionRow, _ effects: inout Changes) async throws {
        guard row.kind == .removeKey || row.kind == .addKey && (outcome == .failed || isLate), let key = row.key else { return }
        let lock = try await store.load(Lock.self, row.lock.description)
        let isChanging = effects.appends.contains { $0.stream == lock.stream }, isListed = lock.state.key(key) != nil
        switch (row.kind, outcome) {
        case (.removeKey, .succeeded): effects.rows.append(KeyRemovals.done(key, on: row.lock))
        // A key that is still listed was added again since, unless its removal is only being stored now.
        case (.removeKey, _) where !isListed || isChanging: effects.append(try await removal(key, row, of: lock))
        // The addition was withdrawn, but the device added the key all the same.
        case (.addKey, .succeeded) where !isListed && !isChanging: effects.append(try await removal(key, row, of: lock))
        case (.addKey, .failed) where isListed && !isChanging:
            effects.appends.append(try Append([.keyRemoved(key, index: row.index)], to: lock, at: clock()))
        default: break
        }
    }

    /// Returns whether no later action concerns the key; if one does, the effects of this action are not undone.
    private func isLatest(_ row: ActionRow) async throws -> Bool {
        guard let key = row.key else { return true }
        let later: SQL = """
            SELECT 1 AS known FROM access.actions WHERE lock_id = \(row.lock.number) AND key_uuid = \(key) AND created_at > \(row.createdAt)
                AND action_id <> \(row.action) LIMIT 1
            """
        return try await store.query(later).isEmpty
    }

    /// Creates a grant whose only purpose is to be revoked on the device.
    private func removal(_ key: Key.ID, _ row: ActionRow, of lock: Snapshot<Lock>) async throws -> Changes {
        let id = KeyGrant.id(row.lock, key), grant = try await store.load(KeyGrant.self, id)
        guard !grant.state.isLive else { return .none }
        let run = WorkflowID(UUIDText(digest: sha256(Array("removal \(row.action)".utf8))).text)
        let terms = KeyGrant.Terms(lock: row.lock, key: key, index: row.index, holder: nil, validity: .always, since: lock.version)
        return Changes(
            appends: [try Append([.granted(terms, isOnDevice: true, run: run), .revoked], to: grant, at: clock())],
            rows: [
                startWorkflow(try WorkflowStart(KeepKeyInTime(grant: id), as: run, by: "access", at: clock())),
                KeyRemovals.begun(key, row.index, on: row.lock, at: clock()),
            ])
    }

    /// Returns the events and the action's row that are missing if the request died between the push and its commit.
    private func missing(_ context: PushContext, _ finished: CommandFinished) async throws -> Changes {
        // A repeat has started a withdrawn action again: its success is that of a new command.
        let isNew = finished.outcome == .succeeded && !finished.isLate, isWithdrawn = finished.outcome == .withdrawn
        guard try await !isStored(context.row, isNew: isNew) else { return .none }
        // Check again after loading the lock: if the request commits after that, the lock's version moves, and the append below fails
        // and is retried.
        let lock = try await store.load(Lock.self, context.stream)
        guard try await !isStored(context.row, isNew: isNew) else { return .none }
        // A withdrawn key is not listed. If the device has added it after all, its late success reveals that.
        if isWithdrawn, context.row.kind == .addKey { return Changes(rows: [context.row.insertIfMissing]) }
        let events = try context.events.map { event in
            try Lock.events.decode(
                StoredEvent(stream: lock.stream, version: 0, wire: event.wire, at: clock(), org: lock.state.organisation))
        }
        guard lock.exists, !events.isEmpty else { return Changes(rows: [context.row.insertIfMissing]) }
        let uses = try await uses(events, context.row.action)
        return Changes(
            appends: [try Append(events, to: lock, at: context.row.createdAt)] + uses,
            rows: (isNew ? [context.row.forgetWithdrawn(asked: nil)] : []) + [context.row.insert])
    }

    private func isStored(_ row: ActionRow, isNew: Bool) async throws -> Bool {
        guard isNew else { return try await isStored(row.action) }
        return try await !store.query(row.stored(asked: nil)).isEmpty
    }

    private func isStored(_ action: ActionID) async throws -> Bool {
        try await !store.query("SELECT 1 AS known FROM access.actions WHERE action_id = \(action)").isEmpty
    }

    /// Reserves a use that was returned because the request could not know that the door would open: it counts after all.
    private func uses(_ events: [Lock.Event], _ action: ActionID) async throws -> [Append] {
        guard case .tempKeyUsed(let use)? = events.first(where: { if case .tempKeyUsed = $0 { true } else { false } }) else { return [] }
        let key = try await store.load(TempKey.self, use.key.text)
        guard key.exists, !key.state.recentUses.contains(action) else { return [] }
        return [try Append([.useReserved(action)], to: key, at: clock())]
    }

    private static func error(of finished: CommandFinished) -> (type: String, message: String)? {
        switch finished.outcome {
        case .succeeded: nil
        case .failed: ("DeviceError", finished.error ?? "The device reported an error.")
        case .expired: ("Expired", "The device did not answer in time.")
        case .withdrawn: ("Withdrawn", finished.error.map { "The command was taken back: \($0)." } ?? "The command was taken back.")
        }
    }

    private static func event(_ finished: CommandFinished, _ door: OpenAction.Door) -> OpenAction.Event {
        switch finished.outcome {
        case .succeeded: .opened(door, isLate: finished.isLate)
        case .failed, .expired, .withdrawn: .failed(door, error: error(of: finished)?.message ?? "")
        }
    }
}

extension OpenAction {
    /// An action finishes once; a late success is still published after a failure.
    func mayStillHear(_ event: Event) -> Bool {
        switch event {
        case .opened: !isOpened
        case .failed: !isOpened && !hasFailed
        }
    }
}
