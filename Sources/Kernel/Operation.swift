/// One entry of the API: how it is called, who may call it, what it answers, and how it is carried out.
public struct Operation: Sendable {
    public let method: Method
    /// With parameters in braces: `/locks/{id}/AddKey`.
    public let path: String
    public let summary: String
    public let credentials: Credentials
    /// The authorisation rule in words.
    public let rule: String
    public let fields: [FieldDoc]
    public let answers: [Answer]
    /// Whether carrying it out compares the credentials' epoch with the database's; the edge may then remember credentials.
    public let checksEpoch: Bool
    /// Carries it out. The edge has authenticated the caller; everything else happens here.
    public let perform: @Sendable (Request, Services) async throws -> Response

    /// Method and path: the operation's identity.
    public var key: String { "\(method.rawValue) \(path)" }
}

/// An answer an operation may give.
public struct Answer: Sendable, Equatable {
    public let status: Int
    public let words: String
    public let schema: Schema?
    public init(_ status: Int, _ words: String, _ schema: Schema? = nil) { (self.status, self.words, self.schema) = (status, words, schema) }

    public static let deviceUnreachable = Answer(502, "The device link did not take the command; nothing was stored.")
    public static let fateUnknown = Answer(
        503, "Whether the command reaches the device is not known, or something this operation needs is not available; X-Action-Id names the action to follow.")
    public static let unavailable = Answer(503, "Something this operation needs is not available now; try again.")
}

/// A question about one aggregate.
public protocol Query: Sendable {
    associatedtype Target: Aggregate
    var target: String { get }
    static var answer: Schema { get }
    func answer(_ snapshot: Snapshot<Target>, _ request: Request, _ services: Services) async throws -> JSON
    /// Until when the answer, to everybody and whatever the inputs, stays as it is while the state does: it is then written out once. Nil
    /// for answers that are made each time.
    func steady(_ state: Target, at now: Moment) -> Moment?
}

extension Query {
    public func steady(_ state: Target, at now: Moment) -> Moment? { nil }
}

extension Operation {
    /// An operation that answers a question about one aggregate.
    public static func query<Q: Query, each Input: Sendable>(
        _ path: String, _ summary: String, allow: Rule<Q, Q.Target>, input: repeat Field<each Input>,
        make: @escaping @Sendable (repeat each Input) -> Q
    ) -> Operation {
        var docs: [FieldDoc] = []
        for field in repeat each input { if let doc = field.doc { docs.append(doc) } }
        return Operation(
            method: .get, path: path, summary: summary, credentials: allow.credentials, rule: allow.words, fields: docs,
            answers: [Answer(200, "The answer.", Q.answer), Answer(404, "There is no such \(Q.Target.category.name).")],
            checksEpoch: true
        ) { request, services in
            let inputs = try readAll(request, repeat each input)
            let question = make(repeat each inputs)
            let (snapshot, epoch) = try await services.store.loadWithEpoch(Q.Target.self, question.target)
            try request.check(epoch)
            try snapshot.mustExist(or: .unknown)
            try await allow.check(question, snapshot.state, request.caller, services)
            return try await question.respond(snapshot, request, services)
        }
    }

    /// An operation that reads its inputs as usual and does the rest itself. `handle` must enforce what `allow` says beyond credentials.
    public static func custom<each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, by credentials: Credentials, allow words: String, answers: [Answer],
        input: repeat Field<each Input>, handle: @escaping @Sendable (Services, repeat each Input) async throws -> Response
    ) -> Operation {
        var docs: [FieldDoc] = []
        for field in repeat each input { if let doc = field.doc { docs.append(doc) } }
        return Operation(
            method: method, path: path, summary: summary, credentials: credentials, rule: words, fields: docs, answers: answers,
            checksEpoch: false
        ) { request, services in
            let inputs = try readAll(request, repeat each input)
            return try await handle(services, repeat each inputs)
        }
    }
}

/// Reads every input and reports all problems at once.
func readAll<each Input: Sendable>(_ request: Request, _ input: repeat Field<each Input>) throws -> (repeat each Input) {
    var reading = Reading()
    func need<Value>(_ field: Field<Value>) -> Value? { field.read(request, &reading) }
    let read = (repeat need(each input))
    guard reading.problems.isEmpty else { throw Failure.problems(reading.problems) }
    return (repeat try found(each read))
}

private func found<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Failure.problems([Problem("request", "could not be read")]) }
    return value
}

extension Snapshot {
    func mustExist(or kind: RefusalKind) throws {
        guard exists else { throw Failure.refused(kind, code: nil, words: "There is no \(A.category.name) '\(stream.id)'.") }
    }
}
