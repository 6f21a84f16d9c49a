/// What an operation that carries out a command adds to the standard answer.
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

    func response(_ result: CommandResult<C>, at now: Moment) -> Response {
        let event: JSON = result.wire.first.map { ["type": .string($0.type), "data": .object($0.data)] } ?? .null
        let body: JSON.Object = [
            "success": true, "aggregateId": .string(result.id), "version": .int(Int64(result.version)), "event": showsEvent ? event : nil,
        ]
        var headers: [String: String] = [:]
        headers["X-Action-Id"] = result.receipt?.action?.text
        if result.receipt?.isOffline == true { headers["X-Device-Offline"] = "true" }
        return .json(result.wasCreated ? 201 : 200, .object(body.merging(members(result.command, result.events, now))), headers: headers)
    }
}

extension Operation {
    /// An operation that turns a request into one command, and what the command did into a response.
    public static func command<C: Command, each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow: Rule<C, C.Target>, answer: CommandAnswer<C> = .event,
        input: repeat Field<each Input>, make: @escaping @Sendable (repeat each Input) -> C
    ) -> Operation {
        var docs: [FieldDoc] = []
        for field in repeat each input { if let doc = field.doc { docs.append(doc) } }
        return Operation(
            method: method, path: path, summary: summary, credentials: allow.credentials, rule: allow.words, fields: docs,
            answers: answers(of: C.self, answer) + C.effectAnswers, checksEpoch: true
        ) { request, services in
            let inputs = try readAll(request, repeat each input), command = make(repeat each inputs), now = request.attempt.now
            let executor = CommandExecutor(command: command, rule: allow, request: request, services: services) { answer.response($0, at: now) }
            return answer.response(try await executor.run(), at: now)
        }
    }

    private static func answers<C: Command>(of: C.Type, _ answer: CommandAnswer<C>) -> [Answer] {
        let event = Schema.object(["type": .string, "data": .object]).nullable
        var shape = Schema.object(["success": .constant(true), "aggregateId": .string, "version": .integer])
        var properties = shape.members["properties"]?.members ?? [:]
        if answer.showsEvent { properties["event"] = event.json }
        for (name, schema) in answer.schema { properties[name] = schema.json }
        shape.members["properties"] = .object(properties)
        let made = C.createsAggregate ? [Answer(201, "Created.", shape)] : [Answer(404, "There is no such \(C.Target.category.name).")]
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
