public import Kernel

/// A bounded context: everything a module is, in one value. The host turns it into a running system.
public struct Module: Sendable {
    /// In lower case: the schema's name and what `--modules` takes.
    public let name: String
    public let aggregates: [AnyAggregate]
    public let migrations: [Migration]
    public let operations: [Operation]
    public let workflows: [AnyWorkflow]
    /// The parties outside that it uses; the host plugs them in and tells when one is missing or away.
    public let ports: [PortUse]
    /// The settings that it reads.
    public let settings: [AnySetting]
    /// Messages to partners that are no event of an aggregate, and events of the contract whose use cases are still to come.
    public let announcements: [EventDoc]
    public let followUp: FollowUp?
    /// What runs besides operations, once the module has its services.
    public let assemble: @Sendable (Services) throws -> Assembly

    public init(
        _ name: String, aggregates: [AnyAggregate], migrations: [Migration] = [], operations: [Operation] = [],
        workflows: [AnyWorkflow] = [], ports: [PortUse] = [], settings: [AnySetting] = [],
        announcements: [EventDoc] = [],
        followUp: FollowUp? = nil,
        assemble: @escaping @Sendable (Services) throws -> Assembly = { _ in Assembly() }
    ) {
        self.name = name
        self.aggregates = aggregates
        self.migrations = migrations
        self.operations = operations
        self.workflows = workflows
        self.followUp = followUp
        self.assemble = assemble
        self.ports = ports
        self.settings = settings
        self.announcements = announcements
    }
}

extension Module {
    /// The tables of its aggregates' views: a rebuild empties them and replays the log.
    public var views: [String] { aggregates.flatMap(\.viewTables) }
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

/// A figure that operators watch, read every few seconds.
public struct Gauge: Sendable {
    /// As metrics name it, with its unit: `webhook_oldest_pending_seconds`.
    public let name: String
    public let read: @Sendable (_ now: Timestamp) async throws -> Double
    public init(_ name: String, read: @escaping @Sendable (Timestamp) async throws -> Double) { (self.name, self.read) = (name, read) }
}

/// Work that goes on until the process ends; started again with backoff when it throws.
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

    /// Periodic work: once at the start, and again some time after each round. A round that throws is tried again with the backoff of jobs.
    public static func every(_ pause: Duration, _ name: String, _ round: @escaping @Sendable () async throws -> Void) -> Job {
        Job(name) {
            while true {
                try await round()
                try await Task.sleep(for: pause)
            }
        }
    }
}
