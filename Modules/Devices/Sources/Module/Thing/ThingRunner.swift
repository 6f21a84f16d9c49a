import Application
import DevicesContracts
import Kernel

/// Runs the state machine of one thing at a time: loads its state, handles an input, stores the result and then publishes it.
struct ThingRunner: Sendable {
    let services: Services
    let link: HubLink
    let underWay = CommandsUnderWay()
    /// Commands that are known to have been delivered.
    var delivered = DeliveredCommands()
    /// The mailbox shares of the things seen so far.
    let shares = SharesOfThings()
    /// What is remembered of the things that were worked on last.
    var memory = ThingMemory()

    /// Works on a thing alone. Whatever fails, the thing is read anew the next time.
    func withThing<Result>(_ thing: ThingName, _ body: () async throws -> Result) async throws -> Result {
        let streamLock = try await services.store.lockStream(StreamName("thing", thing.text))
        defer { streamLock.release() }
        do { return try await body() } catch {
            memory.forget(thing)
            throw error
        }
    }

    /// Handles an input on a locked thing. Returns what it did; the caller refreshes the slots of other things after releasing this one.
    ///
    /// A message that the link does not take is lost; the device asks again, and waiting commands are offered again when the link is back.
    /// - Parameter org: the tenant that asks in the place of the thing, which must be its own.
    /// - Throws: `Shadow.Rejection` when the input is rejected, `CommitFailure` and `RequestError` when the result is not stored.
    @discardableResult
    func handle(
        _ input: ThingState.Input, of thing: ThingName, _ shadow: String?, naming action: ActionID? = nil, from org: OrgID? = nil,
        _ trace: Trace
    ) async throws -> [ThingState.Action] {
        if case .update = input, let remembered = memory.find(thing, shadow) {
            // What is rejected or lost here is decided again on what is stored.
            do { return try await handle(input, of: thing, try await load(remembered, thing, naming: action), from: org, trace) } catch
                is Shadow.Rejection, is CommitFailure
            {}
        }
        return try await onCurrent { try await handle(input, of: thing, try await load(thing, shadow, naming: action), from: org, trace) }
    }

    /// Remembers a thing after what was stored of it. What was read before its slot had a row had no revision that others could raise.
    func remember(_ stored: StoredThing, after actions: [ThingState.Action], adding command: PendingCommand? = nil, of thing: ThingName) {
        if stored.shadow.isNew { memory.forget(thing) } else { memory.keep(stored.after(actions, adding: command), of: thing) }
    }

    /// Decides on what is stored, and again when the thing was written meanwhile: it may just be changing hands.
    func onCurrent<Result>(_ body: () async throws -> Result) async throws -> Result {
        for _ in 1..<Self.maxTries {
            do { return try await body() } catch CommitFailure.violated(let check) where check.contains("shadows_in_order") {}
        }
        return try await body()
    }
    private static let maxTries = 4

    private func handle(
        _ input: ThingState.Input, of thing: ThingName, _ loaded: Loaded, from org: OrgID?, _ trace: Trace
    ) async throws -> [ThingState.Action] {
        var state = loaded.state
        if let org { try state.owner.admit(org) }
        return try await withOpens(of: state.parts) { others in
            state.others = others
            let now = services.clocks, actions = try state.handle(input, at: now)
            try await store(actions, of: state, at: now.moment, trace)
            remember(loaded.stored, after: actions, of: thing)
            for case .store(.end(let ended, _, _, _)) in actions where ended.thing != thing || !loaded.stored.isSlot {
                memory.forget(ended.thing)
            }
            await publish(actions, of: state)
            return actions
        }
    }

    /// Refreshes slots that show commands ended through another thing. If this does not happen, the next read of the slot does it.
    func refresh(_ actions: [ThingState.Action], _ trace: Trace) async throws {
        for case .refresh(let command) in actions {
            try await withThing(command.thing) { _ = try await handle(.refresh, of: command.thing, command.shadow, trace) }
        }
    }

    /// A thing as it is stored, and the state to decide on, which lacks the commands whose rights have ended.
    struct Loaded: Sendable {
        let stored: StoredThing
        let state: ThingState
    }

    /// Loads a thing, and checks the rights of commands that have waited.
    func load(_ thing: ThingName, _ shadowName: String?, naming action: ActionID? = nil) async throws -> Loaded {
        let rows = try await services.store.read(StoredThing.queries(thing, shadowName) + [PendingCommand.find(action ?? "")])
        let stored = try StoredThing(rows.dropLast(), shadowName, services.log)
        return try await load(stored, thing, named: PendingCommand.readable(rows.last ?? [], services.log).first)
    }

    /// Loads a remembered thing; a command that is named and not open is read.
    private func load(_ stored: StoredThing, _ thing: ThingName, naming action: ActionID?) async throws -> Loaded {
        var named = stored.commands.first { $0.action == action }
        if named == nil, let action {
            named = PendingCommand.readable(try await services.store.query(PendingCommand.find(action)), services.log).first
        }
        return try await load(stored, thing, named: named)
    }

    private func load(_ stored: StoredThing, _ thing: ThingName, named: PendingCommand?) async throws -> Loaded {
        shares.note(stored.owner, of: thing)
        let open = stored.commands, rights = await rights(of: open.filter { $0.action != named?.action })
        // What the former owner of a thing asked for ends with its ownership, except for removals.
        let ended = rights.ended.union(
            open.filter { $0.action != named?.action && !stored.owner.belongs(to: $0.org) && !$0.isRemoval }.map(\.action))
        let state = ThingState(
            thing: thing, shadowName: stored.shadowName, shadow: stored.shadow, owner: stored.owner,
            commands: open.filter { !ended.contains($0.action) }.map { rights.confirmed[$0.action] ?? $0 },
            fallen: open.filter { ended.contains($0.action) },
            withheld: stored.isOutOfService ? Set(open.map(\.action)) : rights.unknown, named: named,
            shadowCount: stored.shadow.isNew ? try await shadowCount(of: thing) : 0, others: [:])
        return Loaded(stored: stored, state: state)
    }

    private func shadowCount(of thing: ThingName) async throws -> Int {
        try await services.store.query(ThingTables.shadowCount(of: thing))[0].read("shadows")
    }

    private func store(_ actions: [ThingState.Action], of state: ThingState, at now: Timestamp, _ trace: Trace) async throws {
        let rows = try ThingTables.rows(of: actions, state, at: now), messages = try Self.messages(of: actions, state, at: now)
        guard !rows.isEmpty || !messages.isEmpty else { return }
        try await services.store.commit(Commit(rows: rows, messages: messages, trace: trace))
    }

    private static func messages(of actions: [ThingState.Action], _ state: ThingState, at now: Timestamp) throws -> [Commit.OutgoingMessage]
    {
        try actions.compactMap { action in
            switch action {
            case .finish(let event): try Commit.OutgoingMessage(event, at: now)
            case .announce(let event): try Commit.OutgoingMessage(event, audience: state.owner.org.map { [$0] } ?? [], at: now)
            case .store, .publish, .refresh: nil
            }
        }
    }

    private func publish(_ actions: [ThingState.Action], of state: ThingState) async {
        for case .publish(let publication, let command) in actions {
            do { _ = try await publish(publication, about: command, state.thing, state.shadowName) } catch {
                guard error is HubLink.Down || error is HubLink.Unknown else {
                    services.log.warning("A message for a device was not published", ["thing": state.thing.text, "error": "\(error)"])
                    continue
                }
            }
        }
    }

    /// Publishes a message. A message about a command is not sent once the command has ended or its right cannot be confirmed, and the
    /// broker drops it when the command expires.
    /// - Throws: `HubLink.Down`, `HubLink.Unknown`.
    func publish(_ publication: Shadow.Publication, about command: PendingCommand?, _ thing: ThingName, _ shadow: String?) async throws
        -> HubLink.Delivery
    {
        var lifetime: Duration?
        if let command {
            guard let held = await held(command), held.isFresh(at: services.clocks) else { return .unheard }
            lifetime = held.left(at: services.clocks)
            if let lifetime, lifetime <= .zero { return .unheard }
        }
        return try await link.publish(
            HubLink.Outbound(
                thing: thing, shadow: shadow, tail: publication.tail, payload: publication.payload.bytes, lifetime: lifetime))
    }
}
