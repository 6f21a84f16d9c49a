public import Kernel

/// Names one run of a workflow.
public enum WorkflowRun {}
public typealias WorkflowID = ID<WorkflowRun>

/// A run that is to begin.
public struct WorkflowStart: Sendable {
    public let run: WorkflowID
    public let name: String
    public let label: String
    public let parameters: JSON
    /// Who wanted it.
    public let creator: String
    /// When it begins; later for work that is planned.
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
