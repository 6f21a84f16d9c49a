public import Application

/// The operations that span modules. Every process serves them and asks the modules wherever they run.
enum Admin {
    /// The name of their group in documents.
    static let name = "admin"
    static let operations = [AggregateEvents.operation, FollowWorkflow.operation, ListWorkflows.operation, TerminateWorkflow.operation]
}

extension Modules {
    /// All operations, with those that span modules under `admin`.
    public static let operations =
        all.flatMap { module in module.operations.map { (module: module.name, operation: $0) } }
        + Admin.operations.map { (module: Admin.name, operation: $0) }
}
