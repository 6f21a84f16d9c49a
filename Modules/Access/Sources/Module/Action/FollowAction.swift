import Kernel

/// Tells a caller what has become of an action.
enum FollowAction {
    private static let schema = Schema.object([
        "actionId": .string, "type": .string, "status": .oneOf(["pending", "success", "error"]), "result": .any.nullable,
        "error": Schema.object(["type": .string, "message": .string]).nullable, "createdAt": .time, "finishedAt": .time.nullable,
    ])

    static let operation = Operation.custom(
        .get, "/actions/{id}", "Follow an open or a key write until the device has answered",
        by: .clientOrStaff, allow: "the user who asked, the tenant of the lock, a super key, or staff",
        answers: [Answer(200, "The action as it stands.", schema), Answer(404, "There is no such action.")],
        input: .path("id", "The X-Action-Id of the answer."), .caller
    ) { (services: Services, id: ActionID, caller: Caller) in
        let rows = try await services.store.query("SELECT * FROM access.actions WHERE action_id = \(id)")
        guard let row = rows.first else { throw Failure.refused(.unknown, code: nil, words: "There is no action '\(id)'.") }
        guard mayFollow(caller, row) else { throw Failure.refused(.forbidden, code: nil, words: "Only who asked may follow this action.") }
        return .json(200, describe(row))
    }

    private static func mayFollow(_ caller: Caller, _ row: Row) -> Bool {
        switch caller {
        case .key(_, isSuper: true), .staff: true
        case .key(let org, isSuper: false): row.text("org_id").map { OrgID($0) } == org
        case .user(let user, _): row.text("user_id").map { UserID($0) } == user
        case .anonymous: false
        }
    }

    private static func describe(_ row: Row) -> JSON {
        [
            "actionId": .string(row.text("action_id") ?? ""), "type": .string(row.text("type") ?? ""),
            "status": .string(row.text("status") ?? ""), "result": row.json("result") ?? .null, "error": row.json("error") ?? .null,
            "createdAt": row.moment("created_at")?.json ?? .null, "finishedAt": row.moment("finished_at")?.json ?? .null,
        ]
    }
}
