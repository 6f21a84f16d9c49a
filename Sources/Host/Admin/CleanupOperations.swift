import Application
import Kernel

/// Staff delete an aggregate: a hub, a lock, a user, an RTSP camera.
struct Cleanup: AskAll {
    let category: String
    let id: String
    let mode: CleanupMode
    /// Nil for what has no keys.
    var cascades: Bool?
    let caller: Caller
    let begunAt: Timestamp

    struct Whole: Sendable {
        let cleanup: Cleanup
        let reply: DeleteAggregate.Outcome
    }

    static let missing: String? = nil
    /// The common members; that of the id has another name in each operation.
    static let shape = Shape<Whole>(
        .member("success") { $0.reply.errors.isEmpty }, .member("hubId") { $0.cleanup.named("hub") },
        .member("lockId") { $0.cleanup.named("lock") }, .member("userId") { $0.cleanup.named("user") },
        .member("cameraId") { $0.cleanup.named("rtsp-camera") }, .member("mode") { $0.cleanup.mode },
        .member("cascadeDeleteKeys") { $0.cleanup.cascades }, .json("operations", .list(of: .object)) { .array($0.reply.operations) },
        .member("deletionSummary") { whole in
            whole.reply.operations.isEmpty ? nil : "\(whole.reply.operations.count) steps were carried out."
        },
        .member("auditLogPath") { $0.reply.archive ?? "log" },
        .member("duration") { Int(Clocks.wall().milliseconds - $0.cleanup.begunAt.milliseconds) },
        .json("errors", .list(of: .string)) { .array($0.reply.errors.map(JSON.string)) })

    private func named(_ kind: String) -> String? { category == kind ? id : nil }

    var question: DeleteAggregate {
        DeleteAggregate(category: category, id: id, mode: mode, isCascading: cascades ?? false, by: caller.name)
    }

    func whole(_ replies: [DeleteAggregate.Outcome?], unavailable: [String]) -> Whole? {
        replies.lazy.compactMap(\.self).first.map { Whole(cleanup: self, reply: $0) }
    }

    private static let modeField = "`DELETE_DO_ONLY`: the state, which is folded again; `DELETE_DO_AND_EVENTS`: everything."

    private static func make(_ path: String, _ parameter: String, _ summary: String, of category: String) -> Operation {
        Operation.askAll(
            .delete, path, summary, allow: .staff, of: Modules.names,
            inputs: .init(.path(parameter, "Its id."), .query("mode", modeField), .caller)
        ) { (id: String, mode: CleanupMode, caller: Caller) in
            Cleanup(category: category, id: id, mode: mode, caller: caller, begunAt: Clocks.wall())
        }
    }

    static let hub = make("/admin/cleanup/hubs/{hubId}", "hubId", "Delete a hub with its history", of: "hub")
    static let user = make("/admin/cleanup/users/{userId}", "userId", "Delete a user with the history", of: "user")
    static let camera = make(
        "/admin/cleanup/rtsp-cameras/{cameraId}", "cameraId", "Delete an RTSP camera with its history", of: "rtsp-camera")

    static let lock = Operation.askAll(
        .delete, "/admin/cleanup/locks/{lockId}", "Delete a lock with its history", allow: .staff, of: Modules.names,
        inputs: .init(
            .path("lockId", "Number or UUID of the lock."), .query("mode", modeField),
            .query("cascadeDeleteKeys", "Whether what is known of the hours of its keys goes too; no by anything but `true`."), .caller)
    ) { (id: String, mode: CleanupMode, cascades: String?, caller: Caller) in
        Cleanup(
            category: "lock", id: id, mode: mode, cascades: cascades.map { $0 == "true" } ?? true, caller: caller, begunAt: Clocks.wall())
    }

    static let wholeCamera = Operation.askAll(
        .delete, "/admin/rtsp-cameras/{cameraId}/full", "Delete an RTSP camera with its history", allow: .staff, of: Modules.names,
        inputs: .init(.path("cameraId", "Its id."), .query("mode", "Only `DELETE_DO_AND_EVENTS`, which is meant without it."), .caller)
    ) { (id: String, _: WholeMode?, caller: Caller) in
        Cleanup(category: "rtsp-camera", id: id, mode: .all, caller: caller, begunAt: Clocks.wall())
    }

    private enum WholeMode: String, Codable, Sendable, CaseIterable, WireValue { case all = "DELETE_DO_AND_EVENTS" }
}

/// Wipes an installation for development: everything but tenants and their keys.
struct DeleteAll: AskAll {
    let caller: Caller
    let begunAt: Timestamp

    struct Whole: Sendable {
        let all: DeleteAll
        let deleted: [String: Int]
        let unavailable: [String]
    }

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .member("success") { $0.unavailable.isEmpty },
        .json("operations", .list(of: .object)) { whole in
            .array(
                whole.deleted.sorted { $0.key < $1.key }.map {
                    ["step": "delete everything", "target": .string($0.key), "status": "done", "count": $0.value.json]
                })
        }, .constant("auditLogPath", "log"), .member("duration") { Int(Clocks.wall().milliseconds - $0.all.begunAt.milliseconds) },
        .json("errors", .list(of: .string)) { .array($0.unavailable.map { .string("\($0) does not answer") }) })

    var question: DeleteEverything { DeleteEverything(by: caller.name) }

    func whole(_ replies: [DeleteEverything.Reply], unavailable: [String]) -> Whole? {
        Whole(all: self, deleted: replies.reduce(into: [:]) { $0.merge($1.rows) { $0 + $1 } }, unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .post, "/admin/cleanup/delete-all", "Wipe an installation for development", allow: .staffInDevelopment, of: Modules.names,
        inputs: .init(.caller)
    ) { DeleteAll(caller: $0, begunAt: Clocks.wall()) }
}

extension Rule where State == NoSubject {
    /// Staff, on an installation for development.
    static var staffInDevelopment: Rule {
        Rule(
            "staff, and on an installation for development only", by: .staff,
            confirms: { _, _, _, services in services.settings.isDevelopment }, permits: { _, _, caller in caller.isStaff })
    }

    /// Staff, but not where real doors are.
    static var staffOutsideProduction: Rule {
        Rule(
            "staff, and not in production", by: .staff,
            confirms: { _, _, _, services in services.settings.environment != .prod }, permits: { _, _, caller in caller.isStaff })
    }
}
