import Kernel

/// Shows staff the runs of workflows, whichever module they belong to.
enum WorkflowRuns {
    private static let run = Schema.object([
        "instanceId": .string, "workflowName": .string, "binding": .string, "label": .string, "status": .string, "liveStatus": Schema.string.nullable, "params": .any,
        "progress": .list(of: .object(["at": .time, "message": .string])), "result": .any, "error": Schema.string.nullable, "createdBy": Schema.string.nullable,
        "createdAt": .time, "updatedAt": .time,
    ])
    static let statuses = ["queued", "running", "complete", "errored", "terminated"]

    static let one = Operation.custom(
        .get, "/admin/workflows/{instanceId}", "Follow a run of a workflow", by: .staff, allow: "staff",
        answers: [Answer(200, "The run.", run), Answer(404, "There is no such run.")], input: .path("instanceId", "The run."), .request
    ) { (services: Services, id: WorkflowID, request: Request) in
        let question = try JSON(encoding: ModuleAnswers.Run(run: id))
        return .json(200, try await first(ModuleAnswers.runName, question, request, services))
    }

    static let list = Operation.custom(
        .get, "/admin/workflows", "List runs of workflows, newest first", by: .staff, allow: "staff",
        answers: [Answer(200, "The runs.", .object(["runs": .list(of: run), "total": .integer]))],
        input: .query("status", "Only runs that stand so."), .query("limit", "At most this many.", default: PageSize(number: 50)), .request
    ) { (services: Services, status: String?, limit: PageSize, request: Request) in
        let question = try JSON(encoding: ModuleAnswers.Runs(status: status, limit: limit.number))
        var runs: [JSON] = []
        for module in Modules.all {
            let found = try await services.bus.ask(ModuleAnswers.runsName(module.name), of: module.name, question, trace: request.trace, now: services.clock())
            runs += found.items ?? []
        }
        let newest = runs.sorted { ($0["createdAt"]?.text ?? "") > ($1["createdAt"]?.text ?? "") }.prefix(limit.number)
        return .json(200, ["runs": .array(Array(newest)), "total": .int(Int64(newest.count))])
    }

    static let terminate = Operation.custom(
        .post, "/admin/workflows/{instanceId}/terminate", "Stop a run of a workflow", by: .staff, allow: "staff",
        answers: [
            Answer(200, "It stands as told.", .object(["success": .constant(true), "instanceId": .string, "status": .string])), Answer(404, "There is no such run."),
        ],
        input: .path("instanceId", "The run."), .request
    ) { (services: Services, id: WorkflowID, request: Request) in
        services.log.notice("Staff stops a workflow", ["staff": request.caller.name, "run": id.text, "request": request.trace.correlation])
        let stopped = try await first(ModuleAnswers.terminateName, try JSON(encoding: ModuleAnswers.Run(run: id)), request, services)
        return .json(200, ["success": true, "instanceId": id.json, "status": stopped["status"] ?? .null])
    }

    /// The first module that knows the run.
    private static func first(_ name: (String) -> String, _ question: JSON, _ request: Request, _ services: Services) async throws -> JSON {
        for module in Modules.all {
            let found = try await services.bus.ask(name(module.name), of: module.name, question, trace: request.trace, now: services.clock())
            if !found.isNull { return found }
        }
        throw Failure.refused(.unknown, code: nil, words: "There is no such run.")
    }
}
