import Application
import Kernel

/// A run of a workflow as its module describes it.
enum WorkflowRun {
    static let schema = Schema.object([
        "instanceId": .string, "workflowName": .string, "binding": .string, "label": .string, "status": .string,
        "liveStatus": Schema.string.nullable, "params": .any,
        "progress": .list(of: .object(["at": .time, "message": .string])), "result": .any, "error": Schema.string.nullable,
        "createdBy": Schema.string.nullable,
        "createdAt": .time, "updatedAt": .time,
    ])

    /// The members of a run are the top-level members of the response.
    static let shape = Shape<JSON>(whole: schema) { $0.members ?? [:] }

    /// The standing that a run as a whole has, the first of these that one of its parts has.
    private static let order = ["running", "queued", "errored", "terminated"]

    /// Returns a run that has a part in each of several modules as one; nil when there is no part.
    static func whole(_ parts: [JSON]) -> JSON? {
        guard parts.count > 1, var run = parts[0].members else { return parts.first }
        let standings = Set(parts.compactMap { $0["status"]?.text })
        if let status = order.first(where: standings.contains) { run["status"] = .string(status) }
        let progress = parts.flatMap { $0["progress"]?.items ?? [] }
        run["progress"] = .array(progress.sorted { ($0["at"]?.text ?? "") < ($1["at"]?.text ?? "") })
        run["result"] = .array(parts.compactMap { $0["result"] })
        run["error"] = parts.lazy.compactMap { $0["error"] }.first { !$0.isNull } ?? .null
        run["updatedAt"] = parts.compactMap { $0["updatedAt"]?.text }.max().map(JSON.string) ?? run["updatedAt"]
        return .object(run)
    }
}

/// Shows staff one run of any module.
struct FollowWorkflow: AskAll {
    let run: WorkflowID

    static let missing: String? = "There is no such run."
    static let shape = WorkflowRun.shape
    var question: FindRun { FindRun(run: run) }
    func whole(_ replies: [JSON?], unavailable: [String]) -> JSON? { WorkflowRun.whole(replies.compactMap(\.self)) }

    static let operation = Operation.askAll(
        .get, "/admin/workflows/{instanceId}", "Follow a run of a workflow", allow: .staff, of: Modules.names,
        inputs: .init(.path("instanceId", "The run.")),
        make: FollowWorkflow.init(run:))
}

/// Lists the workflow runs of all modules, newest first.
struct ListWorkflows: AskAll {
    let status: String?
    let limit: PageSize

    struct Whole: Sendable {
        let runs: [JSON]
        let unavailable: [String]
    }

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .json("runs", .list(of: WorkflowRun.schema)) { .array($0.runs) }, .member("total") { $0.runs.count },
        .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })
    var question: FindRuns { FindRuns(status: status, limit: limit.number) }

    func whole(_ replies: [[JSON]], unavailable: [String]) -> Whole? {
        let runs = Dictionary(grouping: replies.joined()) { $0["instanceId"]?.text ?? "" }.values.compactMap(WorkflowRun.whole)
        let newest = runs.sorted { ($0["createdAt"]?.text ?? "") > ($1["createdAt"]?.text ?? "") }
        return Whole(runs: Array(newest.prefix(limit.number)), unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .get, "/admin/workflows", "List runs of workflows, newest first; modules that do not answer are named", allow: .staff,
        of: Modules.names,
        inputs: .init(
            .query("status", "Only runs with this status."), .query("limit", "At most this many.", default: PageSize(number: 50))),
        make: ListWorkflows.init(status:limit:))
}

/// Stops a run of any module.
struct TerminateWorkflow: AskAll {
    let run: WorkflowID
    let caller: Caller

    static let missing: String? = "There is no such run."
    static let shape = Shape<JSON>(
        .constant("success", true), .json("instanceId", .string) { $0["instanceId"] }, .json("status", .string) { $0["status"] })
    var question: TerminateRun { TerminateRun(run: run, by: caller.name) }
    func whole(_ replies: [JSON?], unavailable: [String]) -> JSON? { WorkflowRun.whole(replies.compactMap(\.self)) }

    static let operation = Operation.askAll(
        .post, "/admin/workflows/{instanceId}/terminate", "Stop a run of a workflow", allow: .staff, of: Modules.names,
        inputs: .init(.path("instanceId", "The run."), .caller), make: TerminateWorkflow.init(run:caller:))
}
