import Application
import Kernel

/// All stored data of a lock.
struct LockDetails: Query {
    let lock: LockID
    var target: String { lock.description }

    struct Reply: Sendable {
        let snapshot: Snapshot<Lock>
        /// Keys that are off the list but may still be on the device.
        let leaving: [Key]
    }

    static let shape = Shape<Reply>(
        .members(of: LockBasicInfo.shape) { $0.snapshot }, .member("keys") { $0.snapshot.state.keys },
        .list("residents", of: Resident.shape) { $0.snapshot.state.residents },
        .member("orgId") { $0.snapshot.state.orgName }, .member("timestamp") { $0.snapshot.changedAt },
        .member("keysNotRemovedYet") { $0.leaving.isEmpty ? nil : $0.leaving })

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> Reply {
        let leaving = try await services.store.query(KeyRemovals.find(lock)).compactMap { row in
            try row.find("key_uuid", as: String.self).map {
                Key(id: Key.ID($0), index: try row.find("key_index", as: Int64.self).map(Int.init))
            }
        }
        // A key that is listed again is no longer leaving.
        return Reply(snapshot: snapshot, leaving: leaving.filter { snapshot.state.key($0.id) == nil })
    }

    static let operation = Operation.query(
        "/locks/{id}/details", "Read everything about a lock", allow: .manager, inputs: .init(.path("id", "Number of the lock.")),
        make: LockDetails.init(lock:)
    )
}

/// A lock without its keys and residents.
struct LockBasicInfo: Query {
    let lock: LockID
    var target: String { lock.description }

    static let shape = Shape<Snapshot<Lock>>(
        .member("id") { $0.stream.id }, .member("lockId") { LockID($0.state.number) }, .member("uuid") { $0.state.uuid },
        .member("serialNumber") { $0.state.serialNumber }, .member("ownerId") { $0.state.owner },
        .member("orgId") { $0.state.organisation },
        .member("organizationId") { $0.state.organisation }, .member("version") { $0.version },
        .member("r2Prefix") { "\(Lock.category.className)/\($0.stream.id)/" })

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) -> Snapshot<Lock> { snapshot }

    static let operation = Operation.query(
        "/locks/{id}/basic-info", "Read a lock without its keys", allow: .manager, inputs: .init(.path("id", "Number of the lock.")),
        make: LockBasicInfo.init(lock:)
    )
}

extension Lock {
    /// The tenant's name in answers that require one.
    var orgName: String { organisation?.text ?? "default-org" }
}
