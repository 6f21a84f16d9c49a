/// A use case that changes one aggregate: a pure decision from state and time to events.
public protocol Command: Sendable {
    associatedtype Target: Aggregate
    associatedtype Refusal: Refused

    /// The id of the aggregate.
    var target: String { get }
    func decide(_ state: Target, at now: Moment) throws(Refusal) -> [Target.Event]

    /// Whether it may meet a stream without events. Others are refused there before they decide.
    static var founds: Bool { get }
    /// What a missing aggregate is to this command.
    static var missing: RefusalKind { get }
    /// The refusal when another stream holds a value that an event claims.
    static func refusal(claimed kind: String) -> Refusal?
    /// The refusal when a unique key of the module's own tables exists already.
    static func refusal(duplicate constraint: String) -> Refusal?
    /// Further rows of the module that commit with the events.
    func rows(for events: [Target.Event], _ snapshot: Snapshot<Target>, at now: Moment) -> [SQL]
}

extension Command {
    public static var founds: Bool { false }
    public static var missing: RefusalKind { .unknown }
    public static func refusal(claimed kind: String) -> Refusal? { nil }
    public static func refusal(duplicate constraint: String) -> Refusal? { nil }
    public func rows(for events: [Target.Event], _ snapshot: Snapshot<Target>, at now: Moment) -> [SQL] { [] }
}

/// Who may do something, and the words the API page uses for it.
public struct Rule<Request: Sendable, State: Sendable>: Sendable {
    public let credentials: Credentials
    public let words: String
    /// What the caller is told who fails the rule; `.unknown` hides that the thing exists.
    public let refusal: RefusalKind
    public let permits: @Sendable (Request, State, Caller) -> Bool
    /// Asked where `permits` has said yes: what the state alone does not say.
    public let confirms: @Sendable (Request, State, Caller, Services) async throws -> Bool

    public init(
        _ words: String, by credentials: Credentials = .client, refusal: RefusalKind = .forbidden,
        confirms: @escaping @Sendable (Request, State, Caller, Services) async throws -> Bool = { _, _, _, _ in true },
        permits: @escaping @Sendable (Request, State, Caller) -> Bool
    ) {
        (self.words, self.credentials, self.refusal, self.confirms, self.permits) = (words, credentials, refusal, confirms, permits)
    }

    /// Staff: the admin key together with the token of a staff address.
    public static var staff: Rule { Rule("staff", by: .staff) { _, _, caller in caller.isStaff } }

    /// Staff, or any API key.
    public static var staffOrTenant: Rule {
        Rule("staff, or any API key", by: .staffOrKey) { _, _, caller in
            switch caller {
            case .staff, .key: true
            case .user, .anonymous: false
            }
        }
    }
}

/// Work outside the database that must succeed before the events are stored: a command to a device, a binding.
public struct Preparation<C: Command>: Sendable {
    /// What it needs to know.
    public struct Plan: Sendable {
        public let command: C
        public let snapshot: Snapshot<C.Target>
        public let events: [C.Target.Event]
        /// The events as they will be stored.
        public let wire: [WireEvent]
        public let request: Request
        /// What the decision relied on: it travels with what is asked of others.
        public let fence: Fence
    }

    /// What it leaves behind.
    public struct Outcome: Sendable {
        /// Rows that commit with the events.
        public var rows: [SQL] = []
        public var headers: [String: String] = [:]
        /// The table whose key shows that a reaction has already stored what this request was about to store.
        public var healedBy: String?
        /// Whether a reaction has stored it by now.
        public var isHealed: (@Sendable () async throws -> Bool)?
        /// Further events that become true together with the command's.
        public var appends: [Append] = []
        /// Whether it is right for one attempt only: it is made anew when another writer was faster.
        public var isForOneAttempt = false
        /// Nothing has to change after all: no event is stored.
        public var isNothing = false
        /// What was asked outside may have happened or not: the events are stored, so that the action can be followed, and the caller is told that
        /// nobody knows.
        public var isUnknown = false
        /// Takes the effect back when the events cannot be stored after all. Answers whether nothing comes of it: what may have left is told as unknown.
        public var undo: @Sendable () async -> Bool = { true }
        public static var nothingToDo: Outcome { var outcome = Outcome(); outcome.isNothing = true; return outcome }
        public init(
            rows: [SQL] = [], appends: [Append] = [], headers: [String: String] = [:], healedBy: String? = nil, undo: @escaping @Sendable () async -> Bool = { true }
        ) {
            (self.rows, self.appends, self.headers, self.healedBy, self.undo) = (rows, appends, headers, healedBy, undo)
        }
    }

    /// Whether it is performed anew when another writer was faster: right for what only looks, wrong for what moves a door.
    public let repeats: Bool
    /// Throws `FenceBroken` when what the decision relied on has changed meanwhile: it is made anew.
    public let perform: @Sendable (Plan, Services) async throws -> Outcome
    /// What it adds to the answers of the operation.
    public let answers: [Answer]

    public init(repeats: Bool = false, answers: [Answer] = [], _ perform: @escaping @Sendable (Plan, Services) async throws -> Outcome) {
        (self.repeats, self.answers, self.perform) = (repeats, answers, perform)
    }

    public static var none: Preparation { Preparation { _, _ in Outcome() } }
}
