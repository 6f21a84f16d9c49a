import Application
import DevicesContracts
import Kernel

/// Shows staff the latest shadow traffic of a thing, newest first. It may contain PINs, so every access is logged.
struct ShowShadowLog: Lookup {
    let thing: NonEmptyString
    let limit: PageLimit?
    let direction: Direction?

    enum Direction: String, CaseIterable, WireValue { case reported, desired }

    struct Entry: Sendable {
        let number: Int64
        let at: Timestamp
        let direction: Direction
        let shadow: String
        let source: MessageLog.Source
        let version: Int?
        let payload: JSON
    }

    struct Found: Sendable {
        let thing: NonEmptyString
        let total: Int
        let entries: [Entry]
    }

    private static let entry = Shape<Entry>(
        .member("seq") { Int($0.number) }, .member("at") { $0.at }, .member("direction") { $0.direction },
        .member("shadowName") { $0.shadow }, .member("source") { $0.source }, .member("version") { Nullable($0.version) },
        .json("payload", .string) { .string($0.payload.encoded) },
        .member("truncated") { $0.payload == MessageLog.truncated })
    static let missing: String? = nil
    static let shape = Shape<Found>(
        .member("thingName") { $0.thing }, .constant("capacity", MessageLog.ring.json), .member("total") { $0.total },
        .list("entries", of: entry) { $0.entries })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        let rows = try await services.store.query(MessageLog.all(of: ThingName(thing.text)))
        let all = try rows.flatMap(Self.entries).filter { direction == nil || $0.direction == direction }
        services.log.notice(
            "Staff has read the shadow log of a thing", ["staff": request.caller.name, "thing": thing.text])
        return Found(thing: thing, total: all.count, entries: Array(all.prefix(limit?.number ?? MessageLog.ring)))
    }

    /// Returns the entries of a row, newest first. What a thing has sent shows also what is wanted of it.
    private static func entries(_ row: Row) throws -> [Entry] {
        let id: Int64 = try row.read("id"), isReport = try row.read("direction", as: MessageLog.Direction.self) == .status
        let fallback = isReport ? MessageLog.Source.shadow : .command
        func entry(_ direction: Direction, _ number: Int64, _ payload: JSON) throws -> Entry {
            Entry(
                number: number, at: try row.read("at"), direction: direction, shadow: try row.read("shadow"),
                source: try row.find("source") ?? fallback, version: try row.find("version"), payload: payload)
        }
        let payload: JSON = try row.find("payload") ?? .null
        guard isReport else { return [try entry(.desired, id * 2, payload)] }
        return [try entry(.reported, id * 2 + 1, payload), try entry(.desired, id * 2, try row.find("desired") ?? .null)]
    }

    static let operation = Operation.lookup(
        "/admin/shadow-log/{thingName}", "Show the latest shadow traffic of a thing, newest first", allow: .staff,
        inputs: .init(
            .path("thingName", "Name of the thing."), .query("limit", "At most this many."), .query("direction", "Only this direction.")),
        make: ShowShadowLog.init(thing:limit:direction:))
}
