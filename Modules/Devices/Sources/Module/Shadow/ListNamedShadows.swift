import Application
import DevicesContracts
import Kernel

/// Lists the named shadows of a thing, as the AWS IoT data plane does.
struct ListNamedShadows: Relay {
    let thing: ExistingThingName
    let pageSize: PageSize?
    let nextToken: Cursor?

    /// The number of names in a page: AWS's limits.
    struct PageSize: WireValue {
        let number: Int
        static let largest = 100
        static var schema: Schema { Schema.integer.with("minimum", 1).with("maximum", .int(Int64(largest))) }
        var json: JSON { number.json }

        static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PageSize? {
            guard let number = Int.read(raw, at: path, &reading) else { return nil }
            return (1...largest).contains(number)
                ? PageSize(number: number) : reading.note(path, "must be a whole number from 1 to \(largest)")
        }
    }

    private static let shape = Shape<NamedShadows.Names>(
        .json("results", .list(of: .string)) { .array($0.names.map(JSON.string)) }, .member("nextToken") { $0.next.map(Cursor.init(key:)) },
        .json("timestamp", .integer) { .int($0.at.seconds) })

    func question(from caller: Caller) -> NamedShadows {
        let page = PageRequest(limit: pageSize?.number ?? PageSize.largest, after: nextToken?.key)
        return NamedShadows(thing: ThingName(thing.text), limit: page.limit, after: page.after, org: caller.org)
    }

    func response(to reply: NamedShadows.Reply) throws -> Response {
        if let rejection = reply.rejection { throw rejection.requestError }
        return .json(200, reply.found.map(Self.shape.json) ?? [:])
    }

    static let operation = Operation.relay(
        .get, "/api/things/shadow/ListNamedShadowsForThing/{thing}", "List the named shadows of a thing", allow: .tenantOfThing,
        answers: [ResponseSpec(200, "Names in alphabetical order.", shape.schema), ResponseSpec(404, "There is no such thing.")],
        inputs: .init(
            .path("thing", "Name of the thing."), .query("pageSize", "At most this many."),
            .query("nextToken", "Where the page before has ended.")),
        make: ListNamedShadows.init(thing:pageSize:nextToken:))
}

/// Asks for the named shadows of a thing. Used only within this module.
struct NamedShadows: Ask {
    static let name = "devices.NamedShadows", module = "devices"
    let thing: ThingName
    let limit: Int
    /// The last name of the page before.
    let after: String?
    /// The tenant that asks; nil for the platform's operator.
    let org: OrgID?

    struct Names: Codable, Sendable {
        let names: [String]
        let next: String?
        let at: Timestamp
    }

    struct Reply: Codable, Sendable {
        let found: Names?
        let rejection: Shadow.Rejection?
    }
}

extension ThingRunner {
    func list(_ question: NamedShadows) async throws -> NamedShadows.Reply {
        let rows = try await services.store.read([ThingTables.owner(question.thing), ThingTables.namedShadows(of: question.thing)])
        let owner = try ThingOwner(rows[0].first)
        do {
            if let org = question.org { try owner.admit(org) } else if owner == .nobody, rows[1].isEmpty { throw Shadow.Rejection.noThing }
        } catch let rejection as Shadow.Rejection { return NamedShadows.Reply(found: nil, rejection: rejection) }
        let names = try rows[1].compactMap { row in
            try ThingTables.read(row).isDeleted ? nil : try row.read("shadow", as: String.self)
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let rest = question.after.map { last in names.filter { last.utf8.lexicographicallyPrecedes($0.utf8) } } ?? names
        let page = Page(Array(rest.prefix(question.limit + 1)), PageRequest(limit: question.limit), key: \.self)
        return NamedShadows.Reply(
            found: NamedShadows.Names(names: page.items, next: page.next, at: services.clock()), rejection: nil)
    }
}
