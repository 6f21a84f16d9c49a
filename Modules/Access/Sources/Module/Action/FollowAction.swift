import Application
import DevicesContracts
import Kernel

/// Returns the progress of an action to a caller: an open, a key write, or a command to a hub, which Devices knows.
struct FollowAction: Lookup {
    let action: ActionID

    static let missing: String? = "There is no such action."
    static let shape = ActionProgress.shape

    func find(_ request: Request, _ services: Services) async throws -> ActionProgress? {
        let row = try await services.store.query("SELECT * FROM access.actions WHERE action_id = \(action)").first
        if let row { return try ActionProgress(row) }
        let question = HubAction(action: action)
        return try await services.bus.ask(question, trace: request.trace, now: services.clock()).progress.map {
            ActionProgress($0, of: action)
        }
    }

    static let operation = Operation.lookup(
        "/actions/{id}", "Follow an open, a key write or a command to a hub until it is answered",
        allow: Rule("the user who asked, the tenant of the lock, a super key, or staff", by: .clientOrStaff) { _, action, caller in
            switch caller {
            case .key(_, isSuper: true), .staff: true
            case .key(let org, isSuper: false): action.org == org
            case .user(let user, _): action.user == user
            case .anonymous: false
            }
        },
        inputs: .init(.path("id", "The X-Action-Id of the answer.")), make: FollowAction.init(action:)
    )
}

/// The current state of an action.
struct ActionProgress: Sendable {
    enum Status: String, CaseIterable, WireValue, ColumnValue { case pending, success, error }

    let action: ActionID
    let kind: String
    let status: Status
    let result: JSON?
    let error: JSON?
    let org: OrgID?
    /// The user who asked; nil when a tenant did.
    let user: UserID?
    let createdAt: Timestamp
    let finishedAt: Timestamp?

    /// - Parameter progress: of a command to a hub.
    init(_ progress: HubAction.Progress, of action: ActionID) {
        self.action = action
        kind = progress.operation
        status = Status(rawValue: progress.status.rawValue) ?? .pending
        result = progress.result
        error = progress.error.map { ["type": "HubError", "message": .string($0)] }
        org = progress.org
        user = nil
        createdAt = progress.createdAt
        finishedAt = progress.finishedAt
    }

    init(_ row: Row) throws(RowDecodingError) {
        action = try row.read("action_id")
        kind = try row.read("type")
        status = try row.read("status")
        result = try row.read("result")
        error = try row.read("error")
        org = try row.read("org_id")
        user = try row.read("user_id")
        createdAt = try row.read("created_at")
        finishedAt = try row.read("finished_at")
    }

    static let shape = Shape<ActionProgress>(
        .member("actionId") { $0.action }, .member("type") { $0.kind }, .member("status") { $0.status },
        .json("result", .any.nullable) { $0.result ?? .null },
        .json("error", Schema.object(["type": .string, "message": .string]).nullable) { $0.error ?? .null },
        .member("createdAt") { $0.createdAt },
        .member("finishedAt") { Nullable($0.finishedAt) })
}
