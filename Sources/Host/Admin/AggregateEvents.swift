import Application
import Kernel

/// Shows staff the stored events of any aggregate, page by page. Every access is logged.
struct AggregateEvents: Lookup {
    let kind: String
    let id: String
    let from: PositiveInt?
    let to: PositiveInt?
    let type: String?
    let limit: PageSize
    let cursor: PositiveInt?

    struct Found: Sendable {
        let query: AggregateEvents
        let category: Kernel.Category
        let page: FindEvents.Reply
    }

    private static let event = Schema.object(["version": .integer, "type": .string, "timestamp": .time, "orgId": .string, "event": .object])
    private static let snapshot = Shape<FindEvents.Reply>(.member("version") { $0.version }, .member("timestamp") { $0.changedAt })
    private static let filter = Shape<AggregateEvents>(
        .member("fromVersion") { Nullable($0.from) }, .member("toVersion") { Nullable($0.to) }, .member("type") { Nullable($0.type) })
    static let missing: String? = nil
    static let shape = Shape<Found>(
        .member("aggregateType") { $0.category.className }, .member("aggregateId") { $0.query.id },
        .member("totalEvents") { $0.page.version },
        .json("snapshot", snapshot.schema.nullable) { $0.page.version == 0 ? .null : snapshot.json($0.page) },
        .json("events", .list(of: event)) { .array($0.page.events) },
        .member("nextCursor") { Nullable($0.page.hasMore ? $0.page.last : nil) },
        .object("filter", filter) { $0.query })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        guard let found = AggregateKinds.find(kind) else { throw RequestError.problems([Problem("type", "is no kind of aggregate")]) }
        let category = found.category
        let start = max(from?.number ?? 1, (cursor?.number ?? 0) + 1)
        let question = FindEvents(category: category.name, id: id, from: start, to: to?.number, type: type, limit: limit.number)
        let page = try await services.bus.ask(question, module: found.module.name, trace: request.trace, now: services.clock())
        services.log.notice(
            "Staff has read the events of an aggregate", ["staff": request.caller.name, "aggregate": "\(category.name)-\(id)"])
        return Found(query: self, category: category, page: page)
    }

    static let operation = Operation.lookup(
        "/admin/aggregates/{type}/{id}/events", "Browse the stored events of an aggregate; none for one that does not exist", allow: .staff,
        inputs: .init(
            .path("type", "Kind of aggregate: `lock` or `LockAggregate`."), .path("id", "Id of the aggregate."),
            .query("fromVersion", "From this version on."),
            .query("toVersion", "Up to this version."), .query("type", "Only events of this name."),
            .query("limit", "At most this many.", default: PageSize.usual),
            .query("cursor", "Only versions after this one: `nextCursor` of the page before.")),
        make: AggregateEvents.init(kind:id:from:to:type:limit:cursor:))
}

/// The number of entries on a page.
struct PageSize: WireValue {
    let number: Int
    static let usual = PageSize(number: 100)
    private static let limit = 500
    static var schema: Schema { Schema.integer.with("minimum", 1).with("maximum", .int(Int64(limit))) }
    var json: JSON { number.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PageSize? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return (1...limit).contains(number) ? PageSize(number: number) : reading.note(path, "must be a whole number from 1 to \(limit)")
    }
}
