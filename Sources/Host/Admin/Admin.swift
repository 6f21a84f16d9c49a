import Kernel

/// The operations that span modules. Every process serves them and asks the modules wherever they are.
enum Admin {
    /// As documents group them.
    static let name = "admin"
    static let operations = [AggregateEvents.operation, FollowWorkflow.operation, ListWorkflows.operation, TerminateWorkflow.operation]
}
