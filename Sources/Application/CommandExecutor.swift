public import Kernel

/// Thrown when the edge's credential cache is older than the database. The caller is authenticated again and the operation repeated.
public struct StaleCredentials: Error, Sendable {
    public let epoch: Int64
}

extension Request {
    func check(_ epoch: Int64) throws {
        if let known = credentialEpoch, known != epoch { throw StaleCredentials(epoch: epoch) }
    }
}

/// Executes one command: loads, authorises, decides, makes its external call and commits. Retries when another writer was faster.
///
/// The first attempt decides on the state that this process remembers, without asking whether it is still current: the commit and the
/// fence of an external call take effect only if it is. What cannot be checked that way, a refusal or a decision without events, is decided
/// again on the stored state.
struct CommandExecutor<C: Command>: Sendable {
    let command: C
    let rule: Rule<C, C.Target>
    private(set) var request: Request
    let services: Services
    /// Returns the response that commits with the events, so that a repeat of the request gets it.
    let recorded: @Sendable (CommandResult<C>) -> Response?

    /// The state shared by the attempts of one request.
    private struct Progress {
        /// The call that was made, with its receipt.
        var made: (call: any ExternalCall, context: CallContext, receipt: Receipt)?
        /// The credentials epoch at the first attempt; the caller is authenticated again when it has changed since.
        var credentials: Int64?
    }

    func run() async throws -> CommandResult<C> {
        let streamLock = try await services.store.lockStream(C.Target.stream(command.target))
        defer { streamLock.release() }
        var progress = Progress()
        do {
            if let decision = await decisionFromMemory(), let result = try await carryOut(decision, &progress, isRemembered: true) {
                return result
            }
            for conflicts in 0..<C.maxAttempts {
                var again = self
                again.request.attempt.conflicts = conflicts
                if let result = try await again.attempt(&progress) { return result }
            }
            throw RequestError.unavailable("Too many requests change this \(C.Target.category.name) at once.", retryAfter: .seconds(1))
        } catch RequestError.outcomeUnknown {
            throw RequestError.outcomeUnknown  // the events may be stored: undoing the call would contradict them
        } catch RequestError.fateUnknown(let action) {
            throw RequestError.fateUnknown(action)  // the events are stored, and the device decides the outcome
        } catch {
            try await undo(&progress)
            throw error
        }
    }

    /// How long to wait for the events of a call whose outcome is unknown: the caller has waited for the call already.
    private static var patienceWhenUnknown: Duration { .seconds(5) }

    private func undo(_ progress: inout Progress) async throws {
        guard let made = progress.made else { return }
        progress.made = nil
        guard await !made.call.undo(made.context, services) else { return }
        throw RequestError.fateUnknown(request.action)
    }

    /// What was decided, and on what.
    private struct Decision {
        let snapshot: Snapshot<C.Target>
        /// The credentials epoch of the state.
        let epoch: Int64
        let facts: C.Facts
        let events: [C.Target.Event]
        let effect: Effect
    }

    /// Makes one attempt on the stored state; returns nil when the decision has to be made again.
    private func attempt(_ progress: inout Progress) async throws -> CommandResult<C>? {
        let loaded = try await services.store.loadState(C.Target.self, command.target)
        try checkCredentials(loaded.credentials, &progress)
        return try await carryOut(try await decision(on: loaded), &progress)
    }

    /// Decides on the remembered state, for the same credentials as the caller's. Nil when that leads to nothing that the commit can check.
    private func decisionFromMemory() async -> Decision? {
        guard let remembered = services.store.remembered(C.Target.self, command.target),
            request.credentialEpoch.map({ $0 == remembered.credentials }) ?? true,
            let decision = try? await decision(on: remembered), !decision.events.isEmpty
        else { return nil }
        if case .external(let call, _) = decision.effect, !call.isFenced { return nil }
        return decision
    }

    private func decision(on loaded: LoadedState<C.Target>) async throws -> Decision {
        let snapshot = loaded.snapshot
        if !C.createsAggregate { try snapshot.mustExist(or: C.refusalIfMissing) }
        try await rule.check(command, snapshot.state, request.caller, services)
        let facts = try await command.facts(on: snapshot, request, services)
        let events = try decide(snapshot.state, facts, at: request.attempt.now)
        let effect = try command.effect(of: events, on: snapshot, facts, request, services)
        return Decision(snapshot: snapshot, epoch: loaded.credentials, facts: facts, events: events, effect: effect)
    }

    /// Carries out a decision; returns nil when it has to be made again.
    /// - Parameter isRemembered: whether the state may be outdated; then a refusal by the called party may be for that reason.
    private func carryOut(_ decision: Decision, _ progress: inout Progress, isRemembered: Bool = false) async throws
        -> CommandResult<C>?
    {
        let snapshot = decision.snapshot
        var events = decision.events
        guard !events.isEmpty else { return try await carryOutWithoutEvents(decision, &progress) }
        var append = try Append(events, to: snapshot, at: request.attempt.now)
        var changes = Changes.none
        switch decision.effect {
        case .none: try await undo(&progress)
        case .local(let local):
            // The new decision differs, so the call made by an earlier attempt is no longer wanted.
            try await undo(&progress)
            changes = local
        case .external(let call, let local):
            changes = local
            do { try await make(call, decision, append.events.map(\.wire), &progress) } catch is FenceBroken {
                return nil
            } catch RequestError.refused where isRemembered {
                return nil
            }
            if let made = progress.made {
                changes.rows = made.call.rows(after: made.receipt, made.context) + changes.rows
                if let id = made.receipt.remoteID {
                    events = command.completed(events, remoteID: id)
                    append = try Append(events, to: snapshot, at: request.attempt.now)
                }
            }
        }
        let result = CommandResult(
            command: command, id: snapshot.stream.id, events: events, wire: append.events.map(\.wire), before: snapshot.state,
            facts: decision.facts,
            version: append.version,
            wasCreated: C.createsAggregate && snapshot.version == 0, at: request.attempt.now, receipt: progress.made?.receipt)
        return try await commit(result, append, changes, decision, &progress)
    }

    /// Makes the external call of a decision, once per request.
    private func make(_ call: any ExternalCall, _ decision: Decision, _ wire: [EventData], _ progress: inout Progress) async throws {
        guard progress.made == nil else { return }
        let fence = Fence(decision.snapshot, of: services.module, credentials: decision.epoch)
        let context = CallContext(stream: decision.snapshot.stream, events: wire, fence: fence, request: request)
        progress.made = (call, context, try await call.perform(context, services))
    }

    /// Carries out a decision that changes nothing in the aggregate.
    private func carryOutWithoutEvents(_ decision: Decision, _ progress: inout Progress) async throws -> CommandResult<C>? {
        var changes = Changes.none
        switch decision.effect {
        case .none: try await undo(&progress)
        case .local(let local):
            try await undo(&progress)
            changes = local
        case .external where !C.callsWithoutEvents: try await undo(&progress)
        case .external(let call, let local):
            do { try await make(call, decision, [], &progress) } catch is FenceBroken { return nil }
            changes = local
            if let made = progress.made { changes.rows = made.call.rows(after: made.receipt, made.context) + changes.rows }
        }
        let receipt = progress.made?.receipt, result = unchanged(decision.snapshot, decision.facts, receipt)
        if receipt?.isUnknown == true { throw RequestError.fateUnknown(request.action) }
        do { try await store(changes, of: result) } catch CommitFailure.versionConflict { return nil }
        return result
    }

    /// Checks the credentials epoch, but not after a call: authenticating the caller again would repeat it as another command.
    private func checkCredentials(_ epoch: Int64, _ progress: inout Progress) throws {
        guard progress.made == nil else { return }
        try request.check(epoch)
        if let first = progress.credentials, first != epoch { throw StaleCredentials(epoch: epoch) }
        progress.credentials = epoch
    }

    private func decide(_ state: C.Target, _ facts: C.Facts, at now: Timestamp) throws -> [C.Target.Event] {
        do throws(C.Refusal) { return try command.decide(state, facts, at: now) } catch { throw RequestError(error) }
    }

    private func commit(
        _ result: CommandResult<C>, _ append: Append, _ changes: Changes, _ decision: Decision, _ progress: inout Progress
    ) async throws -> CommandResult<C>? {
        let isUnknown = result.receipt?.isUnknown ?? false, record = isUnknown ? [] : record(result)
        do {
            services.crashes.reach(.beforeCommit, in: services.module)
            var commit = Commit([append] + changes.appends, rows: changes.rows + record, trace: request.trace)
            commit.credentials = decision.epoch
            if isUnknown { commit.patience = Self.patienceWhenUnknown }
            try await services.store.commit(commit)
            services.crashes.reach(.afterCommit, in: services.module)
            services.store.keep(result.events, after: decision.snapshot, at: request.attempt.now, epoch: decision.epoch)
            if isUnknown { throw RequestError.fateUnknown(request.action) }
            return result
        } catch CommitFailure.versionConflict, CommitFailure.credentialsChanged {
            return try await resolve(&progress, result.facts)
        } catch RequestError.outcomeUnknown where isUnknown, RequestError.unavailable where isUnknown {
            throw RequestError.fateUnknown(request.action)
        } catch CommitFailure.claimTaken(let kind) {
            guard let refusal = C.refusal(claimed: kind) else { throw CommitFailure.claimTaken(kind: kind) }
            throw RequestError(refusal)
        } catch CommitFailure.duplicate(let constraint) {
            if let refusal = C.refusal(duplicate: constraint) { throw RequestError(refusal) }
            if C.isChance(duplicate: constraint) { return nil }
            let isAgain = progress.made != nil, resolved = try await resolve(&progress, result.facts)
            guard resolved != nil || isAgain && progress.made == nil else { throw CommitFailure.duplicate(constraint: constraint) }
            return resolved
        }
    }

    /// Returns the result when the events of the call are stored already; otherwise the decision is made again, and with it a call that was
    /// taken back.
    private func resolve(_ progress: inout Progress, _ facts: C.Facts) async throws -> CommandResult<C>? {
        guard let made = progress.made else { return nil }
        switch try await made.call.fate(made.receipt, services) {
        case .isStored: return try await healed(progress, facts)
        case .wasTakenBack: progress.made = nil
        case .stands: break
        }
        return nil
    }

    /// Returns the result when the events are already stored: the device was faster, or an earlier request died after the call.
    private func healed(_ progress: Progress, _ facts: C.Facts) async throws -> CommandResult<C> {
        let snapshot = try await services.store.load(C.Target.self, command.target)
        let result = unchanged(snapshot, facts, progress.made?.receipt)
        try await store(.none, of: result)
        return result
    }

    private func unchanged(_ snapshot: Snapshot<C.Target>, _ facts: C.Facts, _ receipt: Receipt? = nil) -> CommandResult<C> {
        CommandResult(
            command: command, id: snapshot.stream.id, events: [], wire: [], before: snapshot.state, facts: facts, version: snapshot.version,
            wasCreated: false,
            at: request.attempt.now, receipt: receipt)
    }

    /// Commits what a decision without events has to write, and its response, so that a repeat gets the same one.
    private func store(_ changes: Changes, of result: CommandResult<C>) async throws {
        let rows = changes.rows + record(result)
        if !changes.appends.isEmpty {
            try await services.store.commit(Commit(changes.appends, rows: rows, trace: request.trace))
        } else if !rows.isEmpty {
            _ = try await services.store.run(rows)
        }
    }

    private func record(_ result: CommandResult<C>) -> [SQL] {
        guard let idempotency = request.attempt.idempotency, let response = recorded(result) else { return [] }
        return [idempotency.record(response)]
    }
}

extension Services {
    /// Executes a command inside a use case that has already authorised it.
    /// - Parameter recorded: returns the operation's response when the operation is one command; a repeat of the request gets it.
    public func execute<C: Command>(
        _ command: C, for request: Request, recorded: @escaping @Sendable (CommandResult<C>) -> Response? = { _ in nil }
    ) async throws -> CommandResult<C> {
        let rule = Rule<C, C.Target>("the operation that uses it") { _, _, _ in true }
        return try await CommandExecutor(command: command, rule: rule, request: request, services: self, recorded: recorded).run()
    }
}

extension RequestError {
    public init(_ refusal: some DomainError) { self = .refused(refusal.kind, code: nil, message: refusal.message) }
}
