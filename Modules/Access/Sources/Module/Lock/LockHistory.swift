import Kernel

/// The events of a lock, ten to a page, oldest first; the last page when none is named.
struct LockHistory: Query {
    let lock: LockID
    let page: String?
    var target: String { lock.description }

    private static let pageSize = 10

    static let answer = Schema.object([
        "aggregateId": .string, "totalEvents": .integer, "page": .integer, "pageSize": .integer, "totalPages": .integer,
        "events": .list(
            of: .object([
                "aggregateType": .string, "aggregateId": .string, "version": .integer, "type": .string, "timestamp": .time, "orgId": .string,
                "event": .object,
            ])),
    ])

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> JSON {
        let pages = (snapshot.version + Self.pageSize - 1) / Self.pageSize
        let shown = min(max(page.flatMap { Int($0) } ?? pages, 1), pages)
        let events = try await services.store.history(snapshot.stream, (shown - 1) * Self.pageSize + 1, Self.pageSize)
        return [
            "aggregateId": .string(snapshot.stream.id), "totalEvents": .int(Int64(snapshot.version)), "page": .int(Int64(shown)),
            "pageSize": .int(Int64(Self.pageSize)), "totalPages": .int(Int64(pages)), "events": .array(events.map(Self.describe)),
        ]
    }

    private static func describe(_ stored: StoredEvent) -> JSON {
        [
            "aggregateType": .string(Lock.category.className), "aggregateId": .string(stored.stream.id), "version": .int(Int64(stored.version)),
            "type": .string(stored.wire.type), "timestamp": .string(stored.at.iso), "orgId": .string(stored.org?.text ?? "default-org"),
            "event": stored.wire.described,
        ]
    }

    static let operation = Operation.query(
        "/locks/{id}/events", "Read the history of a lock", allow: .manager,
        input: .path("id", "Number of the lock."), .query("page", "Page number from 1, the oldest; the last page when absent."),
        make: LockHistory.init(lock:page:)
    )
}
