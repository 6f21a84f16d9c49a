import Application
import Kernel

/// What staff look at first: what could not be handled, by subscription.
struct Overview: Lookup {
    struct Whole: Sendable {
        let environment: Environment
        let at: Timestamp
        let replies: [FindDeadLetters.Reply]
        let unavailable: [String]
    }

    private static let letters = Shape<Whole>(
        .member("configured") { $0.unavailable.isEmpty }, .member("total") { $0.replies.map(\.total).reduce(0, +) },
        .constant("truncated", false),
        .json("byProjector", .object) { whole in
            var all = JSON.Object()
            for (name, count) in whole.replies.flatMap(\.counts).sorted(by: { $0.key < $1.key }) { all[name] = count.json }
            return .object(all)
        },
        .json("latestFailureAt", Schema.time.nullable) { $0.replies.compactMap(\.latest).max().map(\.json) ?? .null },
        .member("error") { $0.unavailable.isEmpty ? nil : "No answer from \($0.unavailable.joined(separator: ", "))." })
    private static let issue = Schema.object([
        "shortId": .string, "title": .string, "count": .string, "level": .string, "lastSeen": .string, "permalink": .string,
    ])
    private static let tracker = Schema.object([
        "configured": .boolean, "openIssues": Schema.integer.nullable, "capped": .boolean, "project": Schema.string.nullable,
        "url": Schema.string.nullable, "topIssues": .list(of: issue),
    ])

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .member("environment") { $0.environment.rawValue }, .member("generatedAt") { $0.at }, .object("dlq", letters) { $0 },
        // There is no error tracker yet.
        .json("sentry", tracker) { _ in
            ["configured": false, "openIssues": .null, "capped": false, "project": .null, "url": .null, "topIssues": []]
        }, .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })

    func find(_ request: Request, _ services: Services) async throws -> Whole? {
        let now = services.clock()
        let (replies, unavailable) = await services.bus.askAll(
            FindDeadLetters(projector: nil, limit: 1), modules: Modules.names(), trace: request.trace, now: now)
        return Whole(environment: services.settings.environment, at: now, replies: replies, unavailable: unavailable)
    }

    static let operation = Operation.lookup(
        "/admin/ops/overview", "Look at what could not be handled", allow: .staff, inputs: .init(), make: { Overview() })
}
