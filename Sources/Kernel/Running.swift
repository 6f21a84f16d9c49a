/// Thrown when the edge's credential cache is older than the database: the caller is established anew and the operation repeated.
public struct StaleCredentials: Error, Sendable {
    public let epoch: Int64
}

extension Request {
    func check(_ epoch: Int64) throws {
        if let known = credentialEpoch, known != epoch { throw StaleCredentials(epoch: epoch) }
    }
}

/// What an operation that runs a command adds to the standard answer.
public struct CommandAnswer<C: Command>: Sendable {
    public let schema: KeyValuePairs<String, Schema>
    /// Whether the answer shows the event; those that stay inside are not shown.
    let showsEvent: Bool
    /// Further top-level members.
    public let members: @Sendable (C, [C.Target.Event], Moment) -> JSON.Object

    public init(
        _ schema: KeyValuePairs<String, Schema>, showsEvent: Bool = true,
        _ members: @escaping @Sendable (C, [C.Target.Event], Moment) -> JSON.Object
    ) {
        (self.schema, self.showsEvent, self.members) = (schema, showsEvent, members)
    }
    /// The event, and nothing else.
    public static var event: CommandAnswer { CommandAnswer([:]) { _, _, _ in [:] } }
    /// No more than that it is done.
    public static var accepted: CommandAnswer { CommandAnswer([:], showsEvent: false) { _, _, _ in [:] } }
}

extension Operation {
    /// An operation that turns a request into one command: reads, loads, authorises, completes, decides, prepares, stores, answers.
    /// - Parameter completing: adds to the command what the decision needs to know and the request does not say; anew for each attempt.
    public static func command<C: Command, each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow: Rule<C, C.Target>,
        completing: @escaping @Sendable (C, Snapshot<C.Target>, Request, Services) async throws -> C = { command, _, _, _ in command }, before: Preparation<C> = .none,
        answer: CommandAnswer<C> = .event, input: repeat Field<each Input>, make: @escaping @Sendable (repeat each Input) -> C
    ) -> Operation {
        var docs: [FieldDoc] = []
        for field in repeat each input { if let doc = field.doc { docs.append(doc) } }
        return Operation(
            method: method, path: path, summary: summary, credentials: allow.credentials, rule: allow.words, fields: docs,
            answers: answers(of: C.self, answer) + before.answers, checksEpoch: true
        ) { request, services in
            let inputs = try readAll(request, repeat each input)
            let command = make(repeat each inputs)
            return try await Running(
                command: command, rule: allow, completing: completing, before: before, answer: answer, request: request, services: services
            ).run()
        }
    }

    private static func answers<C: Command>(of: C.Type, _ answer: CommandAnswer<C>) -> [Answer] {
        let event = Schema.object(["type": .string, "data": .object]).nullable
        var shape = Schema.object(["success": .constant(true), "aggregateId": .string, "version": .integer])
        var properties = shape.members["properties"]?.members ?? [:]
        if answer.showsEvent { properties["event"] = event.json }
        for (name, schema) in answer.schema { properties[name] = schema.json }
        shape.members["properties"] = .object(properties)
        let made = C.founds ? [Answer(201, "Created.", shape)] : [Answer(404, "There is no such \(C.Target.category.name).")]
        let refusals = C.Refusal.allCases.map { Answer($0.kind.status, $0.words) }
        return [Answer(200, "Done; `event` is null when nothing had to change.", shape)] + made + refusals
    }
}

extension RefusalKind {
    /// The status number by which documents and the edge know it.
    public var status: Int {
        switch self {
        case .unknown: 404
        case .invalid: 400
        case .forbidden: 403
        case .conflict: 409
        }
    }
}

/// One command on its way from the request to the store.
struct Running<C: Command>: Sendable {
    let command: C
    let rule: Rule<C, C.Target>
    let completing: @Sendable (C, Snapshot<C.Target>, Request, Services) async throws -> C
    let before: Preparation<C>
    let answer: CommandAnswer<C>
    let request: Request
    let services: Services
    /// Turns the standard answer into the operation's own, before it is recorded.
    var shape: @Sendable (Response) -> Response = { $0 }

    private static var attempts: Int { 8 }

    func run() async throws -> Response {
        let turn = try await services.store.turn(C.Target.stream(command.target))
        defer { turn.end() }
        var prepared: Preparation<C>.Outcome?, first: Int64?
        do {
            for _ in 0..<Self.attempts {
                if let response = try await attempt(&prepared, since: &first) { return response }
            }
            throw Failure.unavailable("Too many requests change this \(C.Target.category.name) at once.", retryAfter: .seconds(1))
        } catch Failure.outcomeUnknown {
            throw Failure.outcomeUnknown  // it may be stored: taking the effect back would break it
        } catch Failure.fateUnknown(let action) {
            throw Failure.fateUnknown(action)  // it is stored, and the device has the last word
        } catch {
            try await takeBack(prepared)
            throw error
        }
    }

    private func takeBack(_ prepared: Preparation<C>.Outcome?) async throws {
        guard let prepared, await !prepared.undo() else { return }
        throw Failure.fateUnknown(request.action)
    }

    /// Loads, decides and stores once; nil when another writer was faster. What has been prepared stays for the next attempt.
    /// - Parameter first: the credentials' version at the first attempt: whoever asks is established anew when it has moved since.
    private func attempt(_ prepared: inout Preparation<C>.Outcome?, since first: inout Int64?) async throws -> Response? {
        let (snapshot, epoch) = try await services.store.loadWithEpoch(C.Target.self, command.target)
        // What has left is not asked for once more by establishing anew who asked: it would be another command.
        let hasLeft = !before.repeats && prepared.map { !$0.isForOneAttempt } ?? false
        if !hasLeft {
            try request.check(epoch)
            if let first, first != epoch { throw StaleCredentials(epoch: epoch) }
            first = epoch
        }
        if !C.founds { try snapshot.mustExist(or: C.missing) }
        try await rule.check(command, snapshot.state, request.caller, services)
        let command = try await completing(command, snapshot, request, services)
        let now = request.attempt.now, events = try decide(command, snapshot, at: now)
        guard !events.isEmpty else {
            try await takeBack(prepared)
            prepared = nil
            return try await settle(response(snapshot, version: snapshot.version, events: [], wire: nil))
        }
        let append = try Append(events, to: snapshot, at: now)
        let wire = append.events.map(\.wire)
        if prepared?.isForOneAttempt ?? true || before.repeats {
            let fence = Fence(snapshot, of: services.module, credentials: epoch)
            let plan = Preparation<C>.Plan(command: command, snapshot: snapshot, events: events, wire: wire, request: request, fence: fence)
            do { prepared = try await before.perform(plan, services) } catch is FenceBroken { return nil }
        }
        if prepared?.isNothing == true { return try await settle(response(snapshot, version: snapshot.version, events: [], wire: nil)) }
        var response = response(snapshot, version: append.version, events: events, wire: wire.first)
        response.headers.merge(prepared?.headers ?? [:]) { $1 }
        response = shape(response)
        let recorded = prepared?.isUnknown == true ? [] : recorded(response)
        let rows = (prepared?.rows ?? []) + command.rows(for: events, snapshot, at: now) + recorded
        do {
            services.crashes.reach(.beforeCommit, in: services.module)
            try await services.store.commit(Commit([append] + (prepared?.appends ?? []), rows: rows, trace: request.trace))
            services.crashes.reach(.afterCommit, in: services.module)
            services.store.keep(events, after: snapshot, at: now, epoch: epoch)
            if prepared?.isUnknown == true { throw Failure.fateUnknown(request.action) }
            return response
        } catch CommitFailure.versionConflict {
            if let isHealed = prepared?.isHealed, try await isHealed() { return try await healed(prepared?.headers ?? [:]) }
            return nil
        } catch CommitFailure.claimTaken(let kind) {
            guard let refusal = C.refusal(claimed: kind) else { throw CommitFailure.claimTaken(kind: kind) }
            throw Failure(refusal)
        } catch CommitFailure.duplicate(let constraint) where prepared?.healedBy.map(constraint.contains) == true {
            return try await healed(prepared?.headers ?? [:])
        } catch CommitFailure.duplicate(let constraint) {
            guard let refusal = C.refusal(duplicate: constraint) else { throw CommitFailure.duplicate(constraint: constraint) }
            throw Failure(refusal)
        }
    }

    /// The device was faster than this request, or an earlier one died behind the push: what was decided is stored already.
    private func healed(_ headers: [String: String]) async throws -> Response {
        let snapshot = try await services.store.load(C.Target.self, command.target)
        var response = response(snapshot, version: snapshot.version, events: [], wire: nil)
        response.headers.merge(headers) { $1 }
        return try await settle(response)
    }

    private func decide(_ command: C, _ snapshot: Snapshot<C.Target>, at now: Moment) throws -> [C.Target.Event] {
        do throws(C.Refusal) { return try command.decide(snapshot.state, at: now) } catch { throw Failure(error) }
    }

    /// Records an answer that changes nothing, so that a repeat gets the same one.
    private func settle(_ plain: Response) async throws -> Response {
        let response = shape(plain), rows = recorded(response)
        if !rows.isEmpty { _ = try await services.store.run(rows) }
        return response
    }

    private func recorded(_ response: Response) -> [SQL] { request.attempt.idempotency.map { [$0.record(response)] } ?? [] }

    private func response(_ snapshot: Snapshot<C.Target>, version: Int, events: [C.Target.Event], wire: WireEvent?) -> Response {
        let event: JSON = wire.map { ["type": .string($0.type), "data": .object($0.data)] } ?? .null
        let body: JSON.Object = [
            "success": true, "aggregateId": .string(snapshot.stream.id), "version": .int(Int64(version)),
            "event": answer.showsEvent ? event : nil,
        ]
        let status = C.founds && snapshot.version == 0 && wire != nil ? 201 : 200
        return .json(status, .object(body.merging(answer.members(command, events, request.attempt.now))))
    }
}

extension Services {
    /// Runs a command inside an operation that has authorised it itself; answers as the command's own operation would.
    /// - Parameter shape: turns that answer into the operation's, so that a repeat of the request gets it too.
    public func carryOut<C: Command>(
        _ command: C, completing: @escaping @Sendable (C, Snapshot<C.Target>, Request, Services) async throws -> C = { command, _, _, _ in command },
        before: Preparation<C> = .none, shape: @escaping @Sendable (Response) -> Response = { $0 }, for request: Request
    ) async throws -> Response {
        let rule = Rule<C, C.Target>("the operation that uses it") { _, _, _ in true }
        return try await Running(
            command: command, rule: rule, completing: completing, before: before, answer: .event, request: request, services: self, shape: shape
        ).run()
    }
}

extension Failure {
    public init(_ refusal: some Refused) { self = .refused(refusal.kind, code: nil, words: refusal.words) }
}
