public import Kernel

/// A question about one aggregate.
public protocol Query: Sendable {
    associatedtype Target: Aggregate
    associatedtype Reply: Sendable
    static var shape: Shape<Reply> { get }
    var target: String { get }
    func answer(_ snapshot: Snapshot<Target>, _ request: Request, _ services: Services) async throws -> Reply
    /// Returns until when the response stays the same for all callers and inputs while the state is unchanged; it is then serialised once.
    /// Nil for responses that are created each time.
    func steady(_ state: Target, at now: Timestamp) -> Timestamp?
}

extension Query {
    public func steady(_ state: Target, at now: Timestamp) -> Timestamp? { nil }
}

extension Operation {
    /// An operation that answers a query about one aggregate.
    public static func query<Q: Query, each Input: Sendable>(
        _ path: String, _ summary: String, allow rule: Rule<Q, Q.Target>, inputs: Inputs<repeat each Input>,
        make: @escaping @Sendable (repeat each Input) -> Q
    ) -> Operation {
        let answers = [ResponseSpec(200, "The answer.", Q.shape.schema), ResponseSpec(404, "There is no such \(Q.Target.category.name).")]
        return Operation(.query, .get, path, summary, allow: rule, fields: inputs.docs, answers: answers, checksEpoch: true) {
            request, services in
            let inputs = try inputs.read(request), question = make(repeat each inputs)
            let loaded = try await services.store.loadState(Q.Target.self, question.target)
            try request.check(loaded.credentials)
            try loaded.snapshot.mustExist(or: .unknown)
            try await rule.check(question, loaded.snapshot.state, request.caller, services)
            return try await question.respond(loaded, request, services)
        }
    }
}

extension Snapshot {
    func mustExist(or kind: RefusalKind) throws {
        guard exists else { throw RequestError.refused(kind, code: nil, message: "There is no \(A.category.name) '\(stream.id)'.") }
    }
}

extension Query {
    /// Responds from the serialised response of an earlier query when the query allows it.
    func respond(_ loaded: LoadedState<Target>, _ request: Request, _ services: Services) async throws -> Response {
        let now = services.clock()
        if let bytes = loaded.renderings.find(Self.self, at: now) { return Response(200, body: .rendered(bytes)) }
        let json = Self.shape.json(try await answer(loaded.snapshot, request, services))
        guard let end = steady(loaded.snapshot.state, at: now) else { return .json(200, json) }
        let bytes = json.bytes
        loaded.renderings.keep(bytes, of: Self.self, from: now, until: end)
        return Response(200, body: .rendered(bytes))
    }
}
