public import Kernel

/// A bounded context in one value. The host turns it into a running system.
public struct Module: Sendable {
    /// The name of its schema and its name in `--modules`, in lower case.
    public let name: String
    public let aggregates: [AnyAggregate]
    public let migrations: [Migration]
    public let operations: [Operation]
    public let workflows: [AnyWorkflow]
    /// The external parties that it uses; the host plugs them in and reports one that is missing or down.
    public let ports: [PortUse]
    /// The settings that it reads.
    public let settings: [AnySetting]
    /// Messages to partners that are not events of an aggregate, and events of the contract without a use case yet.
    public let announcements: [EventDoc]
    public let followUp: FollowUp?
    /// What comes before the history of an aggregate is deleted.
    public let endings: [Ending]
    /// Creates what runs besides operations, once the module has its services.
    public let assemble: @Sendable (Services) throws -> Assembly

    public init(
        _ name: String, aggregates: [AnyAggregate], migrations: [Migration] = [], operations: [Operation] = [],
        workflows: [AnyWorkflow] = [], ports: [PortUse] = [], settings: [AnySetting] = [],
        announcements: [EventDoc] = [],
        followUp: FollowUp? = nil, endings: [Ending] = [],
        assemble: @escaping @Sendable (Services) throws -> Assembly = { _ in Assembly() }
    ) {
        self.name = name
        self.aggregates = aggregates
        self.migrations = migrations
        self.operations = operations
        self.workflows = workflows
        self.followUp = followUp
        self.endings = endings
        self.assemble = assemble
        self.ports = ports
        self.settings = settings
        self.announcements = announcements
    }
}

extension Module {
    /// The tables of its aggregates' views; a rebuild empties them and replays the log.
    public var views: [String] { aggregates.flatMap(\.viewTables).map(\.name) }
}

/// Ends what an aggregate stands for, outside its module too, before staff delete its history: a user's data, a hub's access.
public struct Ending: Sendable {
    public let category: String
    public let end: @Sendable (_ id: String, Request, Services) async throws -> Void

    public init<A: Aggregate>(of type: A.Type, _ end: @escaping @Sendable (String, Request, Services) async throws -> Void) {
        category = A.category.name
        self.end = end
    }
}

/// The running parts of a module.
public struct Assembly: Sendable {
    public var answers: [AskHandler]
    public var reactions: [Reaction]
    public var jobs: [Job]
    public var gauges: [Gauge]
    public init(answers: [AskHandler] = [], reactions: [Reaction] = [], jobs: [Job] = [], gauges: [Gauge] = []) {
        self.answers = answers
        self.reactions = reactions
        self.jobs = jobs
        self.gauges = gauges
    }
}

/// A metric for operators, read every few seconds.
public struct Gauge: Sendable {
    /// Its name in the metrics, with its unit: `webhook_oldest_pending_seconds`.
    public let name: String
    public let read: @Sendable (_ now: Timestamp) async throws -> Double
    public init(_ name: String, read: @escaping @Sendable (Timestamp) async throws -> Double) { (self.name, self.read) = (name, read) }
}

/// Work that runs until the process ends; restarted with backoff when it throws.
public struct Job: Sendable {
    public let name: String
    /// Whether at most one process runs it at a time. Asks to its module go to that process.
    public let isExclusive: Bool
    public let run: @Sendable () async throws -> Void
    public init(_ name: String, isExclusive: Bool = false, run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.isExclusive = isExclusive
        self.run = run
    }

    /// Periodic work: runs at the start and again some time after each round. A round that throws is retried with the backoff of jobs.
    public static func every(_ pause: Duration, _ name: String, _ round: @escaping @Sendable () async throws -> Void) -> Job {
        Job(name) {
            while true {
                try await round()
                try await Task.sleep(for: pause)
            }
        }
    }
}
