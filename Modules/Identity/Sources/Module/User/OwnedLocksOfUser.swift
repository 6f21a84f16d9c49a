import AccessContracts
import Kernel

/// The locks that a user owns, as Access knows them. When Access does not answer in time, the list is empty and says so.
struct OwnedLocksOfUser: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object([
        "locks": .list(
            of: .object([
                "lockUuid": .string, "serialNumber": .string.nullable, "thingName": .string.nullable, "online": .boolean, "keysCount": .integer,
                "residentCount": .integer, "lastEvent": .string.nullable, "lastUpdated": .number.nullable,
            ])), "totalCount": .integer, "source": .oneOf(["spacetimedb", "unavailable"]),
    ])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> JSON {
        do {
            let reply = try await services.bus.ask(OwnedLocks(owner: user), trace: request.trace, now: services.clock())
            return ["locks": .array(reply.locks.map(Self.describe)), "totalCount": .int(Int64(reply.locks.count)), "source": "spacetimedb"]
        } catch is AskFailure {
            return ["locks": [], "totalCount": 0, "source": "unavailable"]
        }
    }

    private static func describe(_ lock: OwnedLocks.Lock) -> JSON {
        [
            "lockUuid": .string(lock.uuid), "serialNumber": lock.serialNumber.map(JSON.string) ?? .null, "thingName": .string(lock.uuid),
            "online": .bool(lock.isOnline), "keysCount": .int(Int64(lock.keys)), "residentCount": .int(Int64(lock.residents)),
            "lastEvent": lock.lastEvent.map(JSON.string) ?? .null, "lastUpdated": lock.changedAt.map { .int($0.milliseconds) } ?? .null,
        ]
    }

    static let operation = Operation.query(
        "/users/{id}/owned-locks", "Read the locks a user owns", allow: .selfOrTenant, input: .path("id", "Id of the user."),
        make: OwnedLocksOfUser.init(user:)
    )
}
