public import Kernel

/// One entry of the API: how it is called, who may call it, what it answers and how it is executed.
public struct Operation: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case command, query, list, lookup, askAll, relay, workflow, page, callback, custom
    }

    public let kind: Kind
    public let method: Method
    /// With parameters in braces: `/locks/{id}/AddKey`.
    public let path: String
    public let summary: String
    public let credentials: Credentials
    /// The authorisation rule in words.
    public let rule: String
    /// Whether suspended users may still read through it.
    public let admitsSuspended: Bool
    public let fields: [FieldDoc]
    public let answers: [ResponseSpec]
    /// Whether executing it compares the credentials epoch with the database's; the edge may then cache credentials.
    public let checksEpoch: Bool
    /// The kind of aggregate that a command is for.
    public internal(set) var aggregate: Category?
    /// Whether it is a command that may create its aggregate.
    public internal(set) var createsAggregate = false
    /// Executes the operation. The edge has authenticated the caller; everything else happens here.
    public let perform: @Sendable (Request, Services) async throws -> Response

    /// Method and path: the operation's identity.
    public var key: String { "\(method.rawValue) \(path)" }

    init<R, S>(
        _ kind: Kind, _ method: Method, _ path: String, _ summary: String, allow rule: Rule<R, S>, fields: [FieldDoc],
        answers: [ResponseSpec],
        checksEpoch: Bool = false,
        perform: @escaping @Sendable (Request, Services) async throws -> Response
    ) {
        self.kind = kind
        self.method = method
        self.path = path
        self.summary = summary
        credentials = rule.credentials
        self.rule = rule.who
        admitsSuspended = rule.admitsSuspended
        self.fields = fields
        self.answers = answers
        self.checksEpoch = checksEpoch
        self.perform = { request, services in
            try rule.admit(request.caller, services)
            return try await perform(request, services)
        }
    }
}
