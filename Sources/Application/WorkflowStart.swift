public import Kernel

/// Identifies one run of a workflow.
public enum WorkflowRun {}
public typealias WorkflowID = ID<WorkflowRun>

/// A workflow run to start.
public struct WorkflowStart: Sendable {
    public let run: WorkflowID
    public let name: String
    public let label: String
    public let parameters: JSON
    /// The name of the caller who requested it.
    public let creator: String
    /// When it starts; later than now for planned work.
    public let at: Timestamp

    init(run: WorkflowID, name: String, label: String, parameters: JSON, creator: String, at moment: Timestamp) {
        self.run = run
        self.name = name
        self.label = label
        self.parameters = parameters
        self.creator = creator
        at = moment
    }
}
