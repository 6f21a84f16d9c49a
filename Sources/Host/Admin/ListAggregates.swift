import Application
import Database
import Kernel

/// Lists the aggregates of every module, those that changed last first.
struct ListAggregates: AskAll {
    let kind: String?
    let text: String?
    let limit: RegistryLimit
    let offset: Offset

    struct Whole: Sendable {
        let asked: ListAggregates
        let rows: [JSON]
        let total: Int
        let unavailable: [String]
    }

    private static let row = Schema.object([
        "aggregateType": .string, "aggregateId": .string, "doId": Schema.string.nullable, "orgId": Schema.string.nullable,
        "createdAt": .time, "updatedAt": .time,
    ])
    private static let known = Schema.object(["type": .string, "label": .string, "binding": .string])
    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .member("total") { $0.total }, .member("limit") { $0.asked.limit }, .member("offset") { $0.asked.offset },
        .json("knownTypes", .list(of: known)) { _ in .array(AggregateKinds.all.map(\.description)) },
        .json("aggregates", .list(of: row)) { .array($0.rows) }, .member("unavailable") { $0.unavailable.isEmpty ? nil : $0.unavailable })

    var question: FindAggregates {
        // A kind that does not exist has no aggregates.
        let category = kind.map { AggregateKinds.find($0)?.category.name ?? "" }
        return FindAggregates(category: category, text: text, limit: offset.number + limit.number)
    }

    func whole(_ replies: [FindAggregates.Reply], unavailable: [String]) -> Whole? {
        let rows = replies.flatMap(\.rows).sorted { ($0["updatedAt"]?.text ?? "") > ($1["updatedAt"]?.text ?? "") }
        return Whole(
            asked: self, rows: Array(rows.dropFirst(offset.number).prefix(limit.number)), total: replies.map(\.total).reduce(0, +),
            unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .get, "/admin/aggregates", "List aggregates, the last changed first; modules that do not answer are named", allow: .staff,
        of: Modules.names,
        inputs: .init(
            .query("type", "Only this kind: `lock` or `LockAggregate`."), .query("q", "Only ids that contain this, in any case."),
            .query("limit", "At most this many.", default: RegistryLimit(number: 50)),
            .query("offset", "How many to pass over.", default: Offset(number: 0))),
        make: ListAggregates.init(kind:text:limit:offset:))
}

/// How many aggregates a list has.
struct RegistryLimit: BoundedInt {
    static let range = 1...200
    let number: Int
}

/// How many items are passed over.
struct Offset: BoundedInt {
    static let range = 0...10_000
    let number: Int
}

/// The kinds of aggregates that there are.
struct AggregateKinds {
    let module: Module
    let aggregate: AnyAggregate

    var category: Kernel.Category { aggregate.category }

    static let all = Modules.all.flatMap { module in module.aggregates.map { AggregateKinds(module: module, aggregate: $0) } }

    /// Finds a kind by the name of its category or of its class.
    static func find(_ name: String) -> AggregateKinds? {
        all.first { $0.category.name.hasSameBytes(as: name) || $0.category.className.hasSameBytes(as: name) }
    }

    var description: JSON {
        let words = category.name.split(separator: "-").joined(separator: " ")
        return [
            "type": .string(category.className), "label": .string(words.prefix(1).uppercased() + words.dropFirst()),
            "binding": .string(category.name.uppercased().replacing("-", with: "_")),
        ]
    }
}

/// Asks a module for its aggregates.
struct FindAggregates: ModuleQuestion {
    static let name = "host.Aggregates"
    /// Nil for every kind.
    let category: String?
    let text: String?
    let limit: Int

    struct Reply: Codable, Sendable {
        let rows: [JSON]
        let total: Int
    }

    static func answer(_ module: Module, _ database: any Database) -> AskHandler {
        AskHandler(FindAggregates.self, of: module.name) { question in
            let schema = module.name, category = question.category
            let pattern = "%" + (question.text ?? "").lowercased().flatMap { "\\%_".contains($0) ? ["\\", $0] : [$0] } + "%"
            let condition: SQL = """
                (CAST(\(optional: category) AS TEXT) IS NULL OR category = \(optional: category)) AND LOWER(id) LIKE \(pattern) ESCAPE '\\'
                """
            let found = try await database.read([
                """
                SELECT category, id, org_id, changed_at, (SELECT e.at FROM \(trusted: schema).events e
                    WHERE e.category = a.category AND e.id = a.id AND e.version = 1) AS created_at
                FROM \(trusted: schema).aggregates a WHERE \(fragment: condition) ORDER BY changed_at DESC, id LIMIT \(question.limit)
                """,
                "SELECT COUNT(*) AS total FROM \(trusted: schema).aggregates WHERE \(fragment: condition)",
            ])
            return Reply(rows: try found[0].rows.map(describe), total: try found[1].rows.first?.read("total") ?? 0)
        }
    }

    static func describe(_ row: Row) throws -> JSON {
        let category: String = try row.read("category"), changed: Timestamp = try row.read("changed_at")
        return [
            "aggregateType": .string(AggregateKinds.find(category)?.category.className ?? category),
            "aggregateId": .string(try row.read("id")),
            "doId": .null, "orgId": try row.find("org_id", as: String.self).map(JSON.string) ?? .null,
            "createdAt": (try row.find("created_at", as: Timestamp.self) ?? changed).json, "updatedAt": changed.json,
        ]
    }
}
