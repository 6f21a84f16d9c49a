import DevicesContracts
import Kernel

/// Brings actions to their end when Devices reports that a command has ended. Whatever a crash has left out is appended first.
struct FinishActions {
    let store: Store
    let clock: @Sendable () -> Moment
    let sha256: @Sendable ([UInt8]) -> [UInt8]
    let launch: @Sendable (Launch) -> SQL

    init(_ services: Services) {
        (store, clock, sha256, launch) = (services.store, services.clock, services.vault.sha256, services.launch)
    }

    static func reaction(_ services: Services) -> Reaction {
        let finish = FinishActions(services)
        return Reaction("access-finish-actions", from: ["devices"], hears: [CommandFinished.name], partitions: 4) { envelope in
            try await finish.react(to: try CommandFinished(envelope))
        }
    }

    func react(to finished: CommandFinished) async throws -> Effects {
        // A command without our context is another module's; one that was withdrawn unseen never happened, unless its caller was told that it would.
        guard let context = try? finished.context.decoded(as: PushContext.self) else { return .none }
        if finished.outcome == .withdrawn, !finished.wasPublished, try await !isStored(finished.action) { return .none }
        var effects = try await missing(context)
        let now = clock()
        let error = Self.error(of: finished)
        let result: JSON? = error == nil ? ["late": finished.isLate ? true : nil] : nil
        effects.rows.append(ActionRow.finish(finished.action, error: error, result: result, at: now))
        try await followKeys(finished, context, &effects)
        if context.row.kind == .open {
            let event = Self.event(finished, context.row.door), action = try await store.load(OpenAction.self, finished.action.text)
            if action.state.mayStillHear(event) { effects.appends.append(try Append([event], to: action, at: now)) }
        }
        return effects
    }

    /// What is stored and what the device holds stay in step: a key that the device has refused leaves the list, and one that it did not let go of is
    /// taken from it by a run that goes on until it has.
    private func followKeys(_ finished: CommandFinished, _ context: PushContext, _ effects: inout Effects) async throws {
        guard context.row.kind == .addKey || context.row.kind == .removeKey, let (key, index) = Self.key(of: context) else { return }
        let stream = Lock.stream(context.stream), lock = try await store.load(Lock.self, context.stream), now = clock()
        let isListed = lock.state.key(key) != nil
        switch (context.row.kind, finished.outcome) {
        case (.removeKey, .succeeded): effects.rows.append(KeyRemovals.done(key, on: context.row.lock))
        case (.removeKey, .failed), (.removeKey, .expired), (.removeKey, .withdrawn):
            if isListed { break }
            effects.append(try await removal(key, index, of: lock, finished))
        case (.addKey, .failed) where isListed && !effects.appends.contains { $0.stream == stream }:
            effects.appends.append(try Append([.keyRemoved(key, index: index)], to: lock, at: now))
        default: break
        }
    }

    private static func key(of context: PushContext) -> (Key.ID, Int?)? {
        guard let data = context.events.first?.data, let key = data["keyUuid"]?.text else { return nil }
        return (Key.ID(key), data["keyIndexNumber"]?.integer.map { Int($0) })
    }

    /// A grant that has no other purpose than to be revoked on the device.
    private func removal(_ key: Key.ID, _ index: Int?, of lock: Snapshot<Lock>, _ finished: CommandFinished) async throws -> Effects {
        let id = KeyGrant.id(LockID(lock.state.number), key), grant = try await store.load(KeyGrant.self, id)
        guard !grant.state.isLive else { return .none }
        let run = WorkflowID(UUIDText(digest: sha256(Array("removal \(finished.action)".utf8))).text)
        let terms = KeyGrant.Terms(lock: LockID(lock.state.number), key: key, index: index, holder: nil, validity: .always, since: lock.version)
        return Effects(
            appends: [try Append([.granted(terms, isOnDevice: true, run: run), .revoked], to: grant, at: clock())],
            rows: [launch(try Launch(KeepKeyInTime(grant: id), as: run, by: "access", at: clock()))])
    }

    /// The events and the action's row when the request died between the push and its commit.
    private func missing(_ context: PushContext) async throws -> Effects {
        // The lock first: what the request stores after this look moves its version, and the append below fails and is tried again.
        let lock = try await store.load(Lock.self, context.stream)
        guard try await !isStored(context.row.action) else { return .none }
        let events = context.events.compactMap { event in
            Lock.event(from: StoredEvent(stream: lock.stream, version: 0, wire: event.wire, at: clock(), org: lock.state.organisation))
        }
        guard lock.exists, !events.isEmpty else { return Effects(rows: [context.row.insertIfMissing]) }
        let uses = try await uses(events, context.row.action)
        return Effects(appends: [try Append(events, to: lock, at: context.row.createdAt)] + uses, rows: [context.row.insert])
    }

    private func isStored(_ action: ActionID) async throws -> Bool {
        try await !store.query("SELECT 1 AS known FROM access.actions WHERE action_id = \(action)").isEmpty
    }

    /// A use that was given back because the request could not know that the door would open: it counts after all.
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
    /// One end is enough, but a door that opened after all is told even when its failure was.
    func mayStillHear(_ event: Event) -> Bool {
        switch event {
        case .opened: !isOpened
        case .failed: !isOpened && !hasFailed
        }
    }
}
