import Application
import Database
import Kernel

/// Brings the rows of aggregates in line with their events.
struct BackfillRegistry: AskAll {
    let kind: String?

    struct Whole: Sendable {
        let kinds: [String]
        let replies: [MendRows.Reply]
        let unavailable: [String]
    }

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .member("success") { $0.unavailable.isEmpty }, .member("scannedTypes") { $0.kinds },
        .member("upserted") { $0.replies.flatMap(\.counts.values).reduce(0, +) },
        .json("byType", .object) { whole in
            var all = JSON.Object()
            for (kind, count) in whole.replies.flatMap(\.counts).sorted(by: { $0.key < $1.key }) { all[kind] = count.json }
            return .object(all)
        }, .member("truncated") { $0.replies.contains { $0.isTruncated } },
        .member("durationMs") { $0.replies.map(\.milliseconds).max() ?? 0 },
        .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })

    var question: MendRows { MendRows(category: kind.flatMap { AggregateKinds.find($0)?.category.name }) }

    func whole(_ replies: [MendRows.Reply], unavailable: [String]) -> Whole? {
        let kinds = AggregateKinds.all.map(\.category.className)
        return Whole(
            kinds: kind.flatMap { AggregateKinds.find($0).map { [$0.category.className] } } ?? kinds, replies: replies,
            unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .post, "/admin/aggregates/backfill", "Bring the rows of aggregates in line with their events", allow: .staff,
        of: Modules.names, inputs: .init(.query("type", "Only this kind: `lock` or `LockAggregate`."))
    ) { (kind: AggregateKind?) in BackfillRegistry(kind: kind?.name) }
}

/// The name of a kind that exists.
struct AggregateKind: WireValue {
    let name: String
    static var schema: Schema { .oneOf(AggregateKinds.all.flatMap { [$0.category.name, $0.category.className] }) }
    var json: JSON { .string(name) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> AggregateKind? {
        guard let name = String.read(raw, at: path, &reading) else { return nil }
        return AggregateKinds.find(name) == nil ? reading.note(path, "is no kind of aggregate") : AggregateKind(name: name)
    }
}

/// Tells a module to bring the rows of its aggregates in line with their events. A row that is mended has no state: the next access
/// folds it from the events.
struct MendRows: ModuleQuestion {
    static let name = "host.MendRows"
    static let timeout = Duration.seconds(30)
    /// Nil for every kind.
    let category: String?

    struct Reply: Codable, Sendable {
        /// How many aggregates were looked at, by class.
        var counts: [String: Int] = [:]
        var isTruncated = false
        var milliseconds = 0
    }

    /// How long one call goes on.
    private static let budget = Duration.seconds(20)
    private static let page = 500

    static func answer(_ module: Module, _ database: any Database, clock: @escaping @Sendable () -> Timestamp) -> AskHandler {
        AskHandler(MendRows.self, of: module.name) { question in
            let begin = clock(), end = begin + budget
            var reply = Reply()
            for aggregate in module.aggregates where question.category == nil || question.category == aggregate.category.name {
                var last: String? = "", count = 0
                while let after = last, clock() < end {
                    let ids = try await mend(aggregate.category.name, after: after, in: module.name, database)
                    count += ids.count
                    last = ids.count == page ? ids.last : nil
                }
                reply.isTruncated = reply.isTruncated || last != nil
                reply.counts[aggregate.category.className] = count
            }
            reply.milliseconds = Int(clock().milliseconds - begin.milliseconds)
            return reply
        }
    }

    /// Mends one page of streams; returns their ids.
    private static func mend(_ category: String, after: String, in schema: String, _ database: any Database) async throws -> [String] {
        let ids = try await database.read(
            """
            SELECT DISTINCT id FROM \(trusted: schema).events WHERE category = \(category) AND id > \(after) ORDER BY id LIMIT \(page)
            """
        ).map { try $0.read("id", as: String.self) }
        guard let last = ids.last else { return [] }
        _ = try await database.transact([
            """
            INSERT INTO \(trusted: schema).aggregates AS known (category, id, version, shape, state, org_id, changed_at)
            SELECT e.category, e.id, e.version, 0, '{}', e.org_id, e.at FROM \(trusted: schema).events e
            WHERE e.category = \(category) AND e.id > \(after) AND e.id <= \(last) AND NOT EXISTS (
                SELECT 1 FROM \(trusted: schema).events n WHERE n.category = e.category AND n.id = e.id AND n.version > e.version)
            ON CONFLICT (category, id) DO UPDATE SET version = EXCLUDED.version, shape = 0, org_id = EXCLUDED.org_id, \
            changed_at = EXCLUDED.changed_at WHERE known.version < EXCLUDED.version
            """,
            CredentialsEpoch.raise(
                where: """
                    EXISTS (SELECT 1 FROM \(trusted: schema).aggregates
                        WHERE category = \(category) AND id > \(after) AND id <= \(last) AND shape = 0)
                    """),
        ])
        return ids
    }
}
