import Application
import Database
import Kernel

/// Lists messages that could not be handled, the newest first. What they say is not shown.
struct ListDeadLetters: AskAll {
    let projector: String?
    let limit: RegistryLimit

    struct Whole: Sendable {
        let records: [JSON]
        let replies: [FindDeadLetters.Reply]
        let unavailable: [String]
    }

    private static let record = Schema.object([
        "key": .string, "timestamp": .time, "projector": .string, "eventType": .string, "aggregateType": .string, "aggregateId": .string,
        "version": .integer, "error": .object(["message": .string]),
    ])
    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .constant("configured", true), .member("total") { $0.replies.map(\.total).reduce(0, +) },
        .member("scanned") { $0.replies.map(\.records.count).reduce(0, +) },
        .member("truncated") { whole in whole.replies.map(\.total).reduce(0, +) > whole.records.count },
        .json("records", .list(of: record)) { .array($0.records) },
        .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })

    var question: FindDeadLetters { FindDeadLetters(projector: projector, limit: limit.number) }

    func whole(_ replies: [FindDeadLetters.Reply], unavailable: [String]) -> Whole? {
        let all = replies.flatMap(\.records).sorted { ($0["timestamp"]?.text ?? "") > ($1["timestamp"]?.text ?? "") }
        return Whole(records: Array(all.prefix(limit.number)), replies: replies, unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .get, "/admin/dlq", "List messages that could not be handled; modules that do not answer are named", allow: .staff,
        of: Modules.names,
        inputs: .init(
            .query("projector", "Only those of this subscription."),
            .query("limit", "At most this many.", default: RegistryLimit(number: 50))),
        make: ListDeadLetters.init(projector:limit:))
}

/// Asks a module for its parked messages.
struct FindDeadLetters: ModuleQuestion {
    static let name = "host.DeadLetters"
    let projector: String?
    let limit: Int

    struct Reply: Codable, Sendable {
        let records: [JSON]
        let total: Int
        /// How many there are of each subscription.
        let counts: [String: Int]
        let latest: Timestamp?
    }

    static func answer(_ module: Module, _ database: any Database) -> AskHandler {
        AskHandler(FindDeadLetters.self, of: module.name) { question in
            let letters: SQL = "\(trusted: module.name).dead_letters"
            let condition: SQL = """
                CAST(\(optional: question.projector) AS TEXT) IS NULL OR subscription = \(optional: question.projector)
                """
            let found = try await database.read([
                """
                SELECT subscription, envelope, name, category, id, body, error, parked_at FROM \(fragment: letters)
                WHERE \(fragment: condition) ORDER BY parked_at DESC, envelope LIMIT \(question.limit)
                """,
                """
                SELECT subscription, COUNT(*) AS count, MAX(parked_at) AS latest FROM \(fragment: letters)
                WHERE \(fragment: condition) GROUP BY subscription
                """,
            ])
            let counts = try found[1].rows.map { row in (try row.read("subscription", as: String.self), try row.read("count", as: Int.self))
            }
            return Reply(
                records: try found[0].rows.map(describe), total: counts.map(\.1).reduce(0, +),
                counts: Dictionary(uniqueKeysWithValues: counts),
                latest: try found[1].rows.map { try $0.read("latest", as: Timestamp.self) }.max())
        }
    }

    private static func describe(_ row: Row) throws -> JSON {
        let subscription: String = try row.read("subscription"), envelope: String = try row.read("envelope")
        return [
            "key": .string("\(subscription):\(envelope)"), "timestamp": try row.read("parked_at", as: Timestamp.self).json,
            "projector": .string(subscription), "eventType": .string(try row.read("name")),
            "aggregateType": .string(try row.read("category")),
            "aggregateId": .string(try row.read("id")), "version": try row.read("body", as: JSON.self)["version"] ?? 0,
            "error": ["message": .string(try row.read("error"))],
        ]
    }
}

/// Gives up messages that could not be handled: what they say is lost to their subscriptions, and their streams go on.
struct PurgeDeadLetters: AskAll {
    let projector: String?
    let days: Days?
    let caller: Caller

    struct Whole: Sendable {
        let asked: PurgeDeadLetters
        let deleted: Int
        let unavailable: [String]
    }

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .member("success") { $0.unavailable.isEmpty }, .constant("configured", true), .member("scanned") { $0.deleted },
        .member("deleted") { $0.deleted }, .constant("truncated", false),
        .json("projector", Schema.string.nullable) { $0.asked.projector.map(JSON.string) ?? .null },
        .json("olderThanDays", Schema.integer.nullable) { $0.asked.days.map(\.json) ?? .null }, .constant("auditLogPath", "log"),
        .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })

    var question: DropDeadLetters { DropDeadLetters(projector: projector, days: days?.number, by: caller.name) }

    func whole(_ replies: [Int], unavailable: [String]) -> Whole? {
        Whole(asked: self, deleted: replies.reduce(0, +), unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .post, "/admin/dlq/purge", "Give up messages that could not be handled", allow: .staff, of: Modules.names,
        inputs: .init(
            .query("projector", "Only those of this subscription."), .query("olderThanDays", "Only those that wait longer than this."),
            .caller),
        make: PurgeDeadLetters.init(projector:days:caller:))
}

/// A number of days.
struct Days: BoundedInt {
    static let range = 1...36_500
    let number: Int
}

/// Tells a module to give up parked messages; the rest of their streams is tried again.
struct DropDeadLetters: ModuleQuestion {
    static let name = "host.DropDeadLetters"
    let projector: String?
    let days: Int?
    /// The staff member, for the log.
    let by: String
    typealias Reply = Int

    static func answer(_ module: Module, _ services: Services, _ database: any Database) -> AskHandler {
        AskHandler(DropDeadLetters.self, of: module.name) { question in
            let before = services.clock() - .seconds(Int64(question.days ?? 0) * 86_400),
                letters: SQL = "\(trusted: module.name).dead_letters"
            let condition: SQL = """
                parked_at <= \(before) AND (CAST(\(optional: question.projector) AS TEXT) IS NULL OR subscription = \(optional: question.projector))
                """
            let done = try await database.transact([
                """
                UPDATE \(fragment: letters) SET retry = TRUE WHERE (subscription, category, id) IN (
                    SELECT subscription, category, id FROM \(fragment: letters) WHERE \(fragment: condition))
                """, "DELETE FROM \(fragment: letters) WHERE \(fragment: condition)",
            ])
            let count = Int(done[1].affected)
            services.log.notice("Staff gives up parked messages", ["staff": question.by, "module": module.name, "count": "\(count)"])
            return count
        }
    }
}
