import Application
import Kernel

/// The events of a lock, ten to a page, oldest first; the last page if none is named.
struct LockHistory: Query {
    let lock: LockID
    let page: String?
    var target: String { lock.description }

    private static let pageSize = 10

    struct Reply: Sendable {
        let lock: Snapshot<Lock>
        let page: Int
        let pages: Int
        let events: [StoredEvent]
    }

    static let shape = Shape<Reply>(
        .member("aggregateId") { $0.lock.stream.id }, .member("totalEvents") { $0.lock.version }, .member("page") { $0.page },
        .member("pageSize") { _ in pageSize }, .member("totalPages") { $0.pages }, .list("events", of: event) { $0.events })

    private static let event = Shape<StoredEvent>(
        .member("aggregateType") { _ in Lock.category.className }, .member("aggregateId") { $0.stream.id },
        .member("version") { $0.version },
        .member("type") { $0.wire.type }, .member("timestamp") { $0.at }, .member("orgId") { $0.org?.text ?? "default-org" },
        .json("event", .object) { $0.wire.described })

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Reply {
        let pages = (snapshot.version + Self.pageSize - 1) / Self.pageSize
        let shown = min(max(page.flatMap { Int($0) } ?? pages, 1), pages)
        let events = try await services.store.history(snapshot.stream, (shown - 1) * Self.pageSize + 1, Self.pageSize)
        return Reply(lock: snapshot, page: shown, pages: pages, events: events)
    }

    static let operation = Operation.query(
        "/locks/{id}/events", "Read the history of a lock", allow: .manager,
        inputs: .init(.path("id", "Number of the lock."), .query("page", "Page number from 1, the oldest; the last page when absent.")),
        make: LockHistory.init(lock:page:)
    )
}
