public import Kernel

/// A use case that continues in the background: the caller is authorised, a run is started, and the caller gets its id.
public protocol WorkflowRequest: Sendable {
    associatedtype Target: Aggregate
    associatedtype Run: Workflow
    /// The id of the aggregate that the run concerns.
    var target: String { get }
    var run: WorkflowID { get }
    static var shape: Shape<Self> { get }
    func workflow(of target: Target, by caller: Caller) -> Run
}

extension Operation {
    /// An operation that starts a workflow.
    public static func workflow<W: WorkflowRequest, each Input: Sendable>(
        _ path: String, _ summary: String, allow rule: Rule<W, W.Target>, inputs: Inputs<repeat each Input>,
        make: @escaping @Sendable (repeat each Input) -> W
    ) -> Operation {
        let answers = [
            ResponseSpec(200, "Started; staff follow it at /admin/workflows/{instanceId}.", W.shape.schema),
            ResponseSpec(404, "There is no such \(W.Target.category.name)."),
        ]
        return Operation(.workflow, .post, path, summary, allow: rule, fields: inputs.docs, answers: answers) { request, services in
            let inputs = try inputs.read(request), wanted = make(repeat each inputs)
            let snapshot = try await services.store.load(W.Target.self, wanted.target)
            try snapshot.mustExist(or: .unknown)
            try await rule.check(wanted, snapshot.state, request.caller, services)
            let start = try WorkflowStart(
                wanted.workflow(of: snapshot.state, by: request.caller), as: wanted.run, by: request.caller.name, at: request.attempt.now)
            _ = try await services.store.run([services.startWorkflow(start)])
            return .json(200, W.shape.json(wanted))
        }
    }
}
