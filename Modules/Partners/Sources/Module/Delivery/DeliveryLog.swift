import Application
import Kernel

/// A delivery as its tenant sees it.
struct LoggedDelivery: Sendable {
    enum State: String, Codable, Sendable, CaseIterable, WireValue { case pending, delivered, dead }

    let id: Int64
    let webhook: Webhook.ID
    let envelope: String
    let name: String
    /// The aggregate whose order is kept: its kind and its id.
    let lane: String
    let state: State
    let attempts: Int
    let createdAt: Timestamp
    let nextAt: Timestamp
    let lastStatus: Int?
    let lastError: String?

    init(_ row: Row) throws {
        id = try row.read("id")
        webhook = try row.read("webhook_id")
        envelope = try row.read("envelope")
        name = try row.read("name")
        lane = try row.read("lane")
        state = State(rawValue: try row.read("state")) ?? .pending
        attempts = try row.read("attempts")
        createdAt = try row.read("created_at")
        nextAt = try row.read("next_at")
        lastStatus = try row.find("last_status")
        lastError = try row.find("last_error")
    }

    static let columns: SQL =
        "d.id, d.webhook_id, d.envelope, d.name, d.lane, d.state, d.attempts, d.created_at, d.next_at, d.last_status, d.last_error"

    static let shape = Shape<LoggedDelivery>(
        .json("id", .string) { .string(String($0.id)) }, .member("webhookId") { $0.webhook }, .member("eventId") { $0.envelope },
        .member("type") { $0.name }, .member("aggregate") { $0.lane }, .member("state") { $0.state }, .member("attempts") { $0.attempts },
        .member("createdAt") { $0.createdAt }, .member("nextAttemptAt") { Nullable($0.state == .pending ? $0.nextAt : nil) },
        .member("lastStatus") { Nullable($0.lastStatus) }, .member("lastError") { Nullable($0.lastError) })
}

/// The deliveries of one webhook, the latest first.
struct ListDeliveries: ListQuery {
    let webhook: Webhook.ID
    let state: LoggedDelivery.State?
    let type: String?
    let aggregate: String?
    let since: Timestamp?
    let until: Timestamp?

    static let name = "deliveries"
    static let shape = LoggedDelivery.shape

    func subject(_ request: Request, _ services: Services) async throws -> OrgID {
        try await webhook.owner(services)
    }

    func page(_ page: PageRequest, of org: OrgID, _ request: Request, _ services: Services) async throws -> Page<LoggedDelivery> {
        guard let before = page.after.map({ Int64($0) }) ?? Int64.max else {
            throw RequestError.problems([Problem("cursor", "must be a cursor that a page has given")])
        }
        let rows = try await services.store.query(
            """
            SELECT \(fragment: LoggedDelivery.columns) FROM partners.deliveries d WHERE d.webhook_id = \(webhook) AND d.id < \(before)
                AND (CAST(\(optional: state?.rawValue) AS TEXT) IS NULL OR d.state = \(optional: state?.rawValue))
                AND (CAST(\(optional: type) AS TEXT) IS NULL OR d.name = \(optional: type))
                AND (CAST(\(optional: aggregate) AS TEXT) IS NULL OR d.lane = \(optional: aggregate))
                AND d.created_at >= \(since ?? Timestamp(milliseconds: 0)) AND d.created_at <= \(until ?? Timestamp(milliseconds: Int64.max))
            ORDER BY d.id DESC LIMIT \(page.limit + 1)
            """)
        return Page(try rows.map { try LoggedDelivery($0) }, page) { String($0.id) }
    }

    static let operation = Operation.list(
        "/webhooks/{webhookId}/deliveries", "Read what was delivered to a webhook, the latest first", allow: .owner,
        inputs: .init(
            .path("webhookId", "The webhook."), .query("state", "Only those that wait, have arrived, or were given up."),
            .query("type", "Only events of this name."), .query("aggregate", "Only those of this aggregate, such as `lock-7`."),
            .query("since", "Only from this time on."), .query("until", "Only up to this time.")),
        answers: [ResponseSpec(404, "There is no such webhook.")],
        make: ListDeliveries.init(webhook:state:type:aggregate:since:until:))
}

/// One delivery with its payload and every attempt.
struct ShowDelivery: Lookup {
    let delivery: DeliveryID

    struct Found: Sendable {
        let org: OrgID
        let delivery: LoggedDelivery
        let body: JSON
        let attempts: [Row]
    }

    private static let attempt = Schema.object([
        "at": .time, "status": Schema.integer.nullable, "error": Schema.string.nullable, "milliseconds": .integer,
    ])
    static let missing: String? = "There is no such delivery."
    static let shape = Shape<Found>(
        .members(of: LoggedDelivery.shape) { $0.delivery }, .json("payload", .object) { $0.body },
        .json("attemptLog", .list(of: attempt)) { found in
            .array(
                found.attempts.compactMap { row in
                    guard let at = try? row.read("at", as: Timestamp.self), let spent = try? row.read("milliseconds", as: Int64.self) else {
                        return nil
                    }
                    let status = (try? row.find("status", as: Int64.self)) ?? nil, error = (try? row.find("error", as: String.self)) ?? nil
                    return [
                        "at": at.json, "status": status.map(JSON.int) ?? .null, "error": error.map(JSON.string) ?? .null,
                        "milliseconds": .int(spent),
                    ]
                })
        })

    /// As many attempts as are shown.
    private static let limit = 200

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        let found = try await services.store.read([
            """
            SELECT \(fragment: LoggedDelivery.columns), d.body, w.org_id FROM partners.deliveries d \
            JOIN partners.webhooks w ON w.id = d.webhook_id WHERE d.id = \(delivery.number)
            """,
            """
            SELECT at, status, error, milliseconds FROM partners.attempts WHERE delivery_id = \(delivery.number)
            ORDER BY id DESC LIMIT \(Self.limit)
            """,
        ])
        guard let row = found[0].first else { return nil }
        return Found(org: try row.read("org_id"), delivery: try LoggedDelivery(row), body: try row.read("body"), attempts: found[1])
    }

    static let operation = Operation.lookup(
        "/deliveries/{deliveryId}", "Read one delivery, with its payload and every attempt",
        allow: Rule("the tenant of the webhook", by: .apiKey, refusal: .unknown) { _, found, caller in caller.org == found.org },
        inputs: .init(.path("deliveryId", "The delivery.")), make: ShowDelivery.init(delivery:))
}

/// The id of a delivery: a number, given as text.
struct DeliveryID: WireValue {
    let number: Int64
    static var schema: Schema { Schema.string.matching("^[0-9]{1,18}$") }
    var json: JSON { .string(String(number)) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> DeliveryID? {
        guard let text = String.read(raw, at: path, &reading) else { return nil }
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(text) else {
            return reading.note(path, "must be a number of a delivery")
        }
        return DeliveryID(number: number)
    }
}

extension Webhook.ID {
    /// Returns the tenant of a webhook.
    func owner(_ services: Services) async throws -> OrgID {
        let query: SQL = "SELECT org_id FROM partners.webhooks WHERE id = \(self)"
        guard let row = try await services.store.query(query).first else {
            throw RequestError.refused(.unknown, code: nil, message: "There is no such thing.")
        }
        return try row.read("org_id")
    }
}

extension Rule where State == OrgID {
    /// The tenant itself. What is another's is as if it did not exist.
    static var owner: Rule {
        Rule("the tenant that the webhook belongs to", by: .apiKey, refusal: .unknown) { _, org, caller in caller.org == org }
    }
}
