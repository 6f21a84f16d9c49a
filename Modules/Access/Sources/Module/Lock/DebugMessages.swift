import DevicesContracts
import Kernel

/// What went to the lock's device and what came from it, newest first: for smoke tests.
struct DebugMessages: Query {
    let lock: LockID
    let limit: Int
    var target: String { lock.description }

    private static let message = Schema.object(["id": .integer, "payload": .any, "timestamp": .time])
    static let answer = Schema.object([
        "messages": .object(["command": .list(of: message), "status": .list(of: message)]), "total": .integer,
    ])

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> JSON {
        let ask = ThingMessages(thing: snapshot.state.thing, limit: min(max(limit, 1), 200))
        let reply = try await services.bus.ask(ask, trace: request.trace, now: services.clock())
        return [
            "messages": ["command": .array(reply.commands.map(Self.describe)), "status": .array(reply.statuses.map(Self.describe))],
            "total": .int(Int64(reply.commands.count + reply.statuses.count)),
        ]
    }

    private static func describe(_ message: ThingMessages.Message) -> JSON {
        ["id": .int(message.id), "payload": message.payload, "timestamp": .string(message.at.iso)]
    }

    static let operation = Operation.query(
        "/locks/{id}/debug/messages", "Read the latest messages to and from the lock's device", allow: .manager,
        input: .path("id", "Number of the lock."), .query("limit", "At most this many of each direction, up to 200.", default: 50),
        make: DebugMessages.init(lock:limit:)
    )
}
