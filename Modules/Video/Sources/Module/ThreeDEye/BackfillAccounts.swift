import Application
import IdentityContracts
import Kernel
import VideoContracts

/// Makes accounts for users who have none.
struct BackfillOperation: Relay {
    let limit: BackfillLimit?

    private static let shape = Shape<BackfillAccounts.Reply>(
        .member("success") { $0.errors.isEmpty }, .member("total") { $0.created + $0.errors.count }, .member("created") { $0.created },
        .member("failed") { $0.failed }, .json("errors", .list(of: .string)) { .array($0.errors.map(JSON.string)) })

    func question(from caller: Caller) -> BackfillAccounts { BackfillAccounts(limit: limit?.number ?? BackfillLimit.usual) }
    func response(to reply: BackfillAccounts.Reply) -> Response { .json(200, Self.shape.json(reply)) }

    static let operation = Operation.relay(
        .post, "/admin/backfill-threedeye", "Make accounts in 3dEye for users who have none", allow: .staff,
        answers: [ResponseSpec(200, "What was done; call again for more.", shape.schema)],
        inputs: .init(.query("limit", "At most this many users; \(BackfillLimit.usual) when absent.")), make: BackfillOperation.init(limit:)
    )
}

/// As many users as one call deals with.
struct BackfillLimit: BoundedInt {
    static let range = 1...1_000
    let number: Int
    static let usual = 50
}

/// Asks for missing accounts. Used only within this module.
struct BackfillAccounts: Ask {
    static let name = "video.BackfillAccounts", module = "video"
    static let timeout = Duration.seconds(30)
    let limit: Int

    struct Reply: Codable, Sendable {
        var created = 0
        var failed = 0
        var errors: [String] = []
    }

    /// How long one call goes on; what is left is for the next.
    private static let budget = Duration.seconds(20)

    static func answer(_ services: Services) -> AskHandler {
        AskHandler(BackfillAccounts.self) { question, context in try await question.carryOut(context.trace, services) }
    }

    private func carryOut(_ trace: Trace, _ services: Services) async throws -> Reply {
        var reply = Reply()
        guard let remote = try? services.port(ThreeDEye.self) else {
            reply.errors = ["This installation has no 3dEye."]
            return reply
        }
        let end = services.clock() + Self.budget
        var last: UserID?
        while reply.created + reply.failed < limit, services.clock() < end {
            let users = try await services.bus.ask(PeopleWithEmail(after: last, limit: 200), trace: trace, now: services.clock()).users
            guard let next = users.last else { break }
            last = next
            for user in try await withoutAccount(users, services) where reply.created + reply.failed < limit && services.clock() < end {
                do {
                    _ = try await Accounts.ensure(user, remote, trace, services)
                    reply.created += 1
                } catch {
                    reply.failed += 1
                    reply.errors.append("\(user): \(error)")
                }
            }
        }
        return reply
    }

    private func withoutAccount(_ users: [UserID], _ services: Services) async throws -> [UserID] {
        let found = try await services.store.read(
            users.map { "SELECT user_id FROM video.accounts WHERE user_id = \($0) AND remote_id IS NOT NULL" })
        return zip(users, found).filter(\.1.isEmpty).map(\.0)
    }
}
