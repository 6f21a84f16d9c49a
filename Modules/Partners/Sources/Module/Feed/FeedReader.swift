import Application
import Kernel

/// Reads the feed of a tenant, as far as a reader wants to see it.
struct FeedReader: Sendable {
    let org: OrgID
    let types: EventNames?
    let aggregate: String?
    /// The digest of the key that reads.
    let key: [UInt8]
    let services: Services

    init(_ request: Request, types: EventNames?, aggregate: String?, _ services: Services) {
        org = request.caller.org ?? ""
        (self.types, self.aggregate, self.services) = (types, aggregate, services)
        key = services.vault.sha256(Array((request.header("x-api-key") ?? "").utf8))
    }

    struct Event: Sendable {
        let number: Int64
        let name: String
        let body: JSON
    }

    /// Returns the place to read from, and begins to keep events when this is the first time.
    /// - Parameters:
    ///   - after: where the reader has stopped; nil for one that begins.
    ///   - beginsNow: whether one that begins sees only what is new, and not what is kept.
    func start(after: FeedPlace?, beginsNow: Bool) async throws -> Int64 {
        let query: SQL =
            "SELECT f.trimmed, c.last FROM partners.feed_clock c LEFT JOIN partners.feeds f ON f.org_id = \(org) WHERE c.id = 1"
        guard let row = try await services.store.query(query).first else { return 0 }
        let last: Int64 = try row.read("last")
        guard let trimmed = try row.find("trimmed", as: Int64.self) else {
            _ = try await services.store.run(Feed.begin(for: org, at: services.clock()))
            return last
        }
        guard let after else { return beginsNow ? last : trimmed }
        guard after.number >= trimmed else {
            throw RequestError.refused(
                .conflict, code: nil, message: "Events up to \(trimmed) are no longer kept; the first that is follows \(trimmed).")
        }
        guard after.number <= last else { throw RequestError.problems([Problem("after", "is behind the newest event, \(last)")]) }
        return after.number
    }

    /// Returns the next events and the place behind them, which moves on even when none of them is wanted.
    func read(after place: Int64, limit: Int) async throws -> (events: [Event], next: Int64) {
        let names = types.map { "|" + $0.names.joined(separator: "|") + "|" }
        // Every number up to the clock's is committed before it, so the clock is read first.
        let last: Int64 = try await services.store.query("SELECT last FROM partners.feed_clock WHERE id = 1").first?.read("last") ?? place
        let rows = try await services.store.query(
            """
            SELECT number, name, body FROM partners.feed WHERE org_id = \(org) AND number > \(place) AND number <= \(last)
                AND (CAST(\(optional: names) AS TEXT) IS NULL OR CAST(\(optional: names) AS TEXT) LIKE '%|' || name || '|%')
                AND (CAST(\(optional: aggregate) AS TEXT) IS NULL OR aggregate = \(optional: aggregate))
            ORDER BY number LIMIT \(limit)
            """)
        let events = try rows.map { Event(number: try $0.read("number"), name: try $0.read("name"), body: try $0.read("body")) }
        return (events, events.count == limit ? events.last?.number ?? place : max(last, place))
    }

    /// Whether the key still counts: it may have been revoked, or have ended.
    func isAllowed() async throws -> Bool {
        try await !services.store.query(services.directory.validKey(key, org, services.clock())).isEmpty
    }
}

/// A place in a feed: the number of an event, given as text.
struct FeedPlace: WireValue {
    let number: Int64
    static var schema: Schema { Schema.string.matching("^[0-9]{1,18}$") }
    var json: JSON { .string(String(number)) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> FeedPlace? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else {
            return reading.note(path, "must be a place that an answer has given")
        }
        return FeedPlace(number: number)
    }
}

/// Names of events, separated by commas.
struct EventNames: WireValue {
    let names: [String]
    static var schema: Schema { Schema.string.limited(min: 1, max: 4_000) }
    var json: JSON { .string(names.joined(separator: ",")) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> EventNames? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        guard (1...4_000).contains(text.utf8.count) else { return reading.note(path, "must name events, in at most 4,000 characters") }
        return EventNames(names: text.split(separator: ",").map(String.init))
    }

    /// Says which names are not in the catalogue.
    func unknown(in catalogue: EventCatalogue) -> String? {
        let unknown = names.filter { !catalogue.named.contains($0) }
        return unknown.isEmpty ? nil : "names unknown events: " + unknown.joined(separator: ", ")
    }
}

extension Field<EventNames?> {
    static func types(_ catalogue: EventCatalogue) -> Field {
        .query("types", "Only events of these names, separated by commas.").checked { $0?.unknown(in: catalogue) }
    }
}
