/// A point in a command's path where a test can crash the process, to verify the recovery.
public enum CrashPoint: String, Sendable, CaseIterable {
    case beforeCommit = "commit-before"
    case afterCommit = "commit-after"
    case beforePublish = "publish-before"
    /// The message has been sent but not yet acknowledged.
    case afterPublish = "publish-after"
    case afterAcknowledgement = "puback-after"
    case beforeCheckpoint = "checkpoint-before"
    case afterCheckpoint = "checkpoint-after"
    /// Before a workflow step is carried out, and after it is recorded.
    case beforeStep = "step-before"
    case afterStep = "step-after"
}

/// The crash points of a process; none is armed outside tests.
public struct CrashPoints: Sendable {
    private let reached: @Sendable (CrashPoint, String) -> Void

    /// - Parameter reached: called with the point and its scope: a module, the name of a subscription, or of a step.
    public init(reached: @escaping @Sendable (CrashPoint, String) -> Void) { self.reached = reached }
    public static let none = CrashPoints { _, _ in }

    /// Marks a crash point; ends the process if the point is armed.
    public func reach(_ point: CrashPoint, in scope: String) { reached(point, scope) }
}
