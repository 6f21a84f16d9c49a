/// A place on the way of a command where a test may let the process die, to see that what comes after heals it.
public enum CrashPoint: String, Sendable, CaseIterable {
    case beforeCommit = "commit-before"
    case afterCommit = "commit-after"
    case beforePublish = "publish-before"
    /// The message has gone out and is not acknowledged yet.
    case afterPublish = "publish-after"
    case afterAcknowledgement = "puback-after"
    case beforeCheckpoint = "checkpoint-before"
    case afterCheckpoint = "checkpoint-after"
    /// A step of a workflow is to be carried out, or is recorded.
    case beforeStep = "step-before"
    case afterStep = "step-after"
}

/// The crash points of a process; none is armed outside tests.
public struct CrashPoints: Sendable {
    private let reached: @Sendable (CrashPoint, String) -> Void

    /// - Parameter reached: called with the point and its scope: a module, the name of a subscription, or of a step.
    public init(reached: @escaping @Sendable (CrashPoint, String) -> Void) { self.reached = reached }
    public static let none = CrashPoints { _, _ in }

    /// Marks a crash point; ends the process if it is armed.
    public func reach(_ point: CrashPoint, in scope: String) { reached(point, scope) }
}
