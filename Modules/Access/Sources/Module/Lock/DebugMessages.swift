import Application
import DevicesContracts
import Kernel

/// The messages to and from the lock's device, newest first, for smoke tests.
struct DebugMessages: Query {
    let lock: LockID
    let limit: Int
    var target: String { lock.description }

    private static let message = Shape<ThingMessages.Message>(
        .member("id") { Int($0.id) }, .json("payload", .any) { $0.payload }, .member("timestamp") { $0.at })
    private static let directions = Shape<ThingMessages.Reply>(
        .list("command", of: message) { $0.commands }, .list("status", of: message) { $0.statuses })
    static let shape = Shape<ThingMessages.Reply>(
        .object("messages", directions) { $0 }, .member("total") { $0.commands.count + $0.statuses.count })

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> ThingMessages.Reply {
        let ask = ThingMessages(thing: snapshot.state.thing, limit: min(max(limit, 1), 200))
        return try await services.bus.ask(ask, trace: request.trace, now: services.clock())
    }

    static let operation = Operation.query(
        "/locks/{id}/debug/messages", "Read the latest messages to and from the lock's device", allow: .manager,
        inputs: .init(.path("id", "Number of the lock."), .query("limit", "At most this many of each direction, up to 200.", default: 50)),
        make: DebugMessages.init(lock:limit:)
    )
}
