import AccessContracts
import Application
import Kernel

/// The locks that a user owns, according to Access. If Access does not answer in time, the list is empty and marked as unavailable.
struct OwnedLocksOfUser: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    private static let lock = Shape<OwnedLocks.Lock>(
        .member("lockUuid") { $0.uuid }, .member("serialNumber") { Nullable($0.serialNumber) }, .member("thingName") { Nullable($0.uuid) },
        .member("online") { $0.isOnline }, .member("keysCount") { $0.keys }, .member("residentCount") { $0.residents },
        .member("lastEvent") { Nullable($0.lastEvent) }, .member("lastUpdated") { Nullable($0.changedAt.map { Int($0.milliseconds) }) })

    /// The locks; nil when Access did not answer.
    static let shape = Shape<[OwnedLocks.Lock]?>(
        .list("locks", of: lock) { $0 ?? [] }, .member("totalCount") { $0?.count ?? 0 },
        .json("source", .oneOf(["spacetimedb", "unavailable"])) { $0 == nil ? "unavailable" : "spacetimedb" })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> [OwnedLocks.Lock]? {
        do {
            return try await services.bus.ask(OwnedLocks(owner: user), trace: request.trace, now: services.clock()).locks
        } catch is AskFailure { return nil }
    }

    static let operation = Operation.query(
        "/users/{id}/owned-locks", "Read the locks a user owns", allow: .selfOrTenant, inputs: .init(.path("id", "Id of the user.")),
        make: OwnedLocksOfUser.init(user:)
    )
}
