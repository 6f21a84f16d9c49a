import Application
import Kernel
import VideoContracts

/// Forgets a user's account, deletes it in 3dEye, makes it anew: each when asked.
struct ResetAccountOperation: Relay {
    let question: ResetAccount

    private static let shape = Shape<ResetAccount.Reply>(
        .member("userId") { $0.user }, .json("email", Schema.string.nullable) { $0.email.map(JSON.string) ?? .null },
        .member("clearedMapping") { $0.clearedMapping }, .member("clearedRecovery") { $0.clearedRecovery },
        .json(
            "remote",
            Schema.object([
                "attemptedDelete": .boolean, "deletedThreedeyeUserId": Schema.string.nullable, "notVisible": .boolean,
            ])
        ) { reply in
            [
                "attemptedDelete": .bool(reply.attemptedDelete), "deletedThreedeyeUserId": reply.deleted.map(JSON.string) ?? .null,
                "notVisible": .bool(reply.notVisible),
            ]
        },
        .json(
            "reprovision",
            Schema.object(["attempted": .boolean, "threedeyeUserId": Schema.string.nullable, "error": Schema.string.nullable])
        ) { reply in
            [
                "attempted": .bool(reply.attempted), "threedeyeUserId": reply.made.map(JSON.string) ?? .null,
                "error": reply.error.map(JSON.string) ?? .null,
            ]
        })

    func question(from caller: Caller) -> ResetAccount { question }
    func response(to reply: ResetAccount.Reply) -> Response { .json(200, Self.shape.json(reply)) }

    static let operation = Operation.relay(
        .post, "/admin/threedeye/users/{userId}/reset", "Forget a user's account in 3dEye, and make it anew", allow: .staff,
        answers: [ResponseSpec(200, "What was done.", shape.schema)],
        inputs: .init(
            .path("userId", "Id of the user."),
            .body("clearMapping", "Whether to forget the account here, with the roles to give back.", default: true),
            .body("deleteRemote", "Whether to delete it in 3dEye.", default: false),
            .body("reprovision", "Whether to make it anew at once.", default: false))
    ) { (user: UserID, clear: Bool, delete: Bool, makes: Bool) in
        ResetAccountOperation(question: ResetAccount(user: user, clearMapping: clear, deleteRemote: delete, reprovision: makes))
    }
}

/// Asks for a user's account to be reset. Used only within this module.
struct ResetAccount: Ask {
    static let name = "video.ResetAccount", module = "video"
    static let timeout = Duration.seconds(30)
    let user: UserID
    let clearMapping: Bool
    let deleteRemote: Bool
    let reprovision: Bool

    struct Reply: Codable, Sendable {
        let user: UserID
        var email: String?
        var clearedMapping = false
        var clearedRecovery = false
        var attemptedDelete = false
        var deleted: String?
        /// Whether 3dEye shows no such account: it is gone, or another customer's.
        var notVisible = false
        var attempted = false
        var made: String?
        var error: String?
    }

    static func answer(_ services: Services) -> AskHandler {
        AskHandler(ResetAccount.self) { question, context in try await question.carryOut(context.trace, services) }
    }

    private func carryOut(_ trace: Trace, _ services: Services) async throws -> Reply {
        var reply = Reply(user: user)
        let contact = try await Accounts.contact(of: user, trace, services)
        if case .address(let email) = contact { reply.email = email }
        do {
            if deleteRemote { try await deleteInRemote(&reply, services) }
            if clearMapping {
                let removed = try await services.store.run([
                    "DELETE FROM video.accounts WHERE user_id = \(user) RETURNING user_id",
                    "DELETE FROM video.account_recovery WHERE user_id = \(user) RETURNING user_id",
                ])
                (reply.clearedMapping, reply.clearedRecovery) = (!removed[0].isEmpty, !removed[1].isEmpty)
            }
            if reprovision { try await makeAnew(&reply, trace, services) }
        } catch let failure as ThreeDEye.Failure {
            reply.error = "\(failure)"
        } catch let refusal as Accounts.Refusal {
            reply.error = "\(refusal)"
        }
        return reply
    }

    private func deleteInRemote(_ reply: inout Reply, _ services: Services) async throws {
        let remote = try services.port(ThreeDEye.self), mark = RemoteMark.account(user)
        reply.attemptedDelete = true
        let known = try await Accounts.find(user, services)?.id.text
        guard let account = try await remote.accounts.all().first(where: { $0.id == known || $0.mark == mark }) else {
            reply.notVisible = true
            return
        }
        do { try await remote.accounts.delete(account.id) } catch ThreeDEye.Failure.unknown {}
        reply.deleted = account.id
    }

    private func makeAnew(_ reply: inout Reply, _ trace: Trace, _ services: Services) async throws {
        reply.attempted = true
        reply.made = try await Accounts.ensure(user, try services.port(ThreeDEye.self), trace, services).id.text
    }
}
