import Kernel

/// Shows staff the stored events of any aggregate, page by page. Every look is noted in the log.
enum AggregateEvents {
    private static let event = Schema.object(["version": .integer, "type": .string, "timestamp": .time, "orgId": .string, "event": .object])
    private static let schema = Schema.object([
        "aggregateType": .string, "aggregateId": .string, "totalEvents": .integer, "snapshot": Schema.object(["version": .integer, "timestamp": .time]).nullable,
        "events": .list(of: event), "nextCursor": Schema.integer.nullable,
        "filter": .object(["fromVersion": Schema.integer.nullable, "toVersion": Schema.integer.nullable, "type": Schema.string.nullable]),
    ])

    static let operation = Operation.custom(
        .get, "/admin/aggregates/{type}/{id}/events", "Browse the stored events of an aggregate", by: .staff, allow: "staff",
        answers: [Answer(200, "A page of events; none for an aggregate that does not exist.", schema)],
        input:
            .path("type", "Kind of aggregate: `lock` or `LockAggregate`."), .path("id", "Id of the aggregate."), .query("fromVersion", "From this version on."),
        .query("toVersion", "Up to this version."), .query("type", "Only events of this name."), .query("limit", "At most this many.", default: PageSize.usual),
        .query("cursor", "Only versions after this one: `nextCursor` of the page before."), .request
    ) { (services: Services, kind: String, id: String, from: PositiveInt?, to: PositiveInt?, type: String?, limit: PageSize, cursor: PositiveInt?, request: Request) in
        guard let (module, category) = find(kind) else { throw Failure.problems([Problem("type", "is no kind of aggregate")]) }
        services.log.notice("Staff has read the events of an aggregate", ["staff": request.caller.name, "aggregate": "\(category.name)-\(id)"])
        let start = max(from?.number ?? 1, (cursor?.number ?? 0) + 1)
        let question = ModuleAnswers.EventsQuestion(category: category.name, id: id, from: start, to: to?.number, type: type, limit: limit.number)
        let page = try await services.bus.ask(ModuleAnswers.eventsName(module), of: module, try JSON(encoding: question), trace: request.trace, now: services.clock())
        let version = page["version"]?.integer ?? 0
        return .json(
            200,
            [
                "aggregateType": .string(category.className), "aggregateId": .string(id), "totalEvents": .int(version),
                "snapshot": version == 0 ? .null : ["version": .int(version), "timestamp": page["changedAt"] ?? .null], "events": page["events"] ?? [],
                "nextCursor": page["more"] == true ? page["last"] ?? .null : .null,
                "filter": ["fromVersion": from?.json ?? .null, "toVersion": to?.json ?? .null, "type": type?.json ?? .null],
            ])
    }

    private static func find(_ kind: String) -> (module: String, Kernel.Category)? {
        for module in Modules.all {
            for aggregate in module.aggregates where aggregate.category.name == kind || aggregate.category.className == kind { return (module.name, aggregate.category) }
        }
        return nil
    }
}

/// A whole number from 1 on, as large as versions get.
struct PositiveInt: WireValue {
    let number: Int
    private static let most = Int(Int32.max)
    static var schema: Schema { Schema.integer.with("minimum", 1).with("maximum", .int(Int64(most))) }
    var json: JSON { number.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PositiveInt? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return (1...most).contains(number) ? PositiveInt(number: number) : reading.note(path, "must be a whole number from 1 to \(most)")
    }
}

/// How many entries a page has.
struct PageSize: WireValue {
    let number: Int
    static let usual = PageSize(number: 100)
    private static let most = 500
    static var schema: Schema { Schema.integer.with("minimum", 1).with("maximum", .int(Int64(most))) }
    var json: JSON { number.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PageSize? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return (1...most).contains(number) ? PageSize(number: number) : reading.note(path, "must be a whole number from 1 to \(most)")
    }
}
