public import Kernel

/// Durable work of several steps that continues across crashes, restarts and other processes. A run is the value with its parameters; its
/// steps run in order, and a recorded step never runs again.
public protocol Workflow: Codable, Sendable {
    /// The name in lists: `bulk-add-keys-workflow`.
    static var name: String { get }
    /// A name in words.
    static var label: String { get }
    /// Executes the run, from its start each time; recorded steps return their recorded results. Throws `WorkflowStop` to end the run for
    /// good; any other error is retried later.
    func run(_ steps: Steps, _ services: Services) async throws -> JSON
}

/// Ends a run for good.
public struct WorkflowStop: Error, Sendable {
    public let message: String
    public init(_ message: String) { self.message = message }
}

/// The steps of one run.
public struct Steps: Sendable {
    public let run: WorkflowID
    private let record: @Sendable (String, @Sendable () async throws -> JSON) async throws -> JSON
    private let wait: @Sendable (Timestamp) async throws -> Void
    private let clock: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - record: returns the recorded result of a step, or executes the step and records its result.
    ///   - wait: returns at a moment; may end this attempt of the run and continue in another.
    public init(
        run: WorkflowID, record: @escaping @Sendable (String, @Sendable () async throws -> JSON) async throws -> JSON,
        wait: @escaping @Sendable (Timestamp) async throws -> Void, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.run = run
        self.record = record
        self.wait = wait
        self.clock = clock
    }

    /// Executes a step once. Its name must be unique within the run and is shown in the progress.
    public func perform<Result: Codable & Sendable>(_ name: String, _ body: @escaping @Sendable () async throws -> Result) async throws
        -> Result
    {
        try await record(name) { try JSON(encoding: Box(value: try await body())) }.decoded(as: Box<Result>.self).value
    }

    /// Sleeps for a span; a restart does not start the span again.
    public func sleep(_ name: String, _ span: Duration) async throws {
        let clock = clock
        let end = try await perform(name) { clock() + span }
        try await wait(end)
    }

    /// Sleeps until a moment that the run itself knows.
    public func sleep(until moment: Timestamp) async throws { try await wait(moment) }

    /// Returns a request for one step of the run; the ids generated under it are the same each time the step is retried.
    public func request(_ step: String, by caller: Caller, _ services: Services) -> Request {
        let seed = Array("\(run) \(step) ".utf8)
        let attempt = Attempt(now: services.clock()) { purpose in UUIDText(digest: services.vault.sha256(seed + Array(purpose.utf8))) }
        return Request(caller: caller, trace: Trace(correlation: run.text, causation: nil), attempt: attempt)
    }

    private struct Box<Value: Codable & Sendable>: Codable, Sendable { let value: Value }
}

/// A type-erased workflow.
public struct AnyWorkflow: Sendable {
    public let name: String
    public let label: String
    public let run: @Sendable (JSON, Steps, Services) async throws -> JSON

    public init<W: Workflow>(_ type: W.Type) {
        (name, label) = (W.name, W.label)
        run = { parameters, steps, services in try await parameters.decoded(as: W.self).run(steps, services) }
    }
}

extension WorkflowStart {
    public init<W: Workflow>(_ workflow: W, as run: WorkflowID, by creator: String, at moment: Timestamp) throws {
        self.init(run: run, name: W.name, label: W.label, parameters: try JSON(encoding: workflow), creator: creator, at: moment)
    }
}
