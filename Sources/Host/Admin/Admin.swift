public import Application

/// The operations that span modules. Every process serves them and asks the modules wherever they run.
enum Admin {
    /// The name of their group in documents.
    static let name = "admin"
    /// The workflows that every module has.
    static let workflows = [AnyWorkflow(ResyncProjections.self), AnyWorkflow(Canary.self)]
    static let operations = [
        ListAggregates.operation, BackfillRegistry.operation, ShowAggregate.operation, AggregateEvents.operation, DebugRegistry.operation,
        TestError.operation, DeleteAll.operation, Cleanup.hub, Cleanup.lock, Cleanup.user, Cleanup.camera, Cleanup.wholeCamera,
        ListDeadLetters.operation, PurgeDeadLetters.operation, Overview.operation, Resync.operation, ReadModelRows.operation,
        FollowWorkflow.operation, ListWorkflows.operation, TerminateWorkflow.operation, StartCanary.operation,
    ]
}

extension Modules {
    /// All operations, with those that span modules under `admin`.
    public static let operations =
        all.flatMap { module in module.operations.map { (module: module.name, operation: $0) } }
        + Admin.operations.map { (module: Admin.name, operation: $0) }
}
