import Kernel

/// Everything about a lock.
struct LockDetails: Query {
    let lock: LockID
    var target: String { lock.description }

    static let answer = Schema.object([
        "id": .string, "lockId": .integer, "uuid": .string, "serialNumber": .string.optional, "keys": .list(of: Key.schema),
        "ownerId": .string.optional, "organizationId": .string.optional, "residents": .list(of: Resident.schema), "orgId": .string,
        "version": .integer, "timestamp": .time, "r2Prefix": .string,
        "keysNotRemovedYet": .list(of: .object(["uuid": .string, "indexNumber": .integer.optional])).optional,
    ])

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> JSON {
        let lock = snapshot.state, leaving = try await services.store.query(KeyRemovals.find(self.lock))
        // Off the list, and perhaps still on the device. One that is back on the list is not on its way out.
        let keys = leaving.compactMap { row -> JSON? in
            guard let key = row.text("key_uuid"), lock.key(Key.ID(key)) == nil else { return nil }
            return ["uuid": .string(key), "indexNumber": row.int("key_index").map(JSON.int)]
        }
        return .object(
            LockBasicInfo.members(snapshot).merging([
                "keys": lock.keys.json, "residents": .array(lock.residents.map(\.json)), "orgId": .string(lock.orgName), "timestamp": .string(snapshot.changedAt.iso),
                "keysNotRemovedYet": keys.isEmpty ? nil : .array(keys),
            ]))
    }

    static let operation = Operation.query(
        "/locks/{id}/details", "Read everything about a lock", allow: .manager, input: .path("id", "Number of the lock."),
        make: LockDetails.init(lock:)
    )
}

/// A lock without its keys and residents.
struct LockBasicInfo: Query {
    let lock: LockID
    var target: String { lock.description }

    static let answer = Schema.object([
        "id": .string, "lockId": .integer, "uuid": .string, "version": .integer, "serialNumber": .string.optional, "ownerId": .string.optional,
        "orgId": .string.optional, "organizationId": .string.optional, "r2Prefix": .string,
    ])

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) -> JSON { .object(Self.members(snapshot)) }

    static func members(_ snapshot: Snapshot<Lock>) -> JSON.Object {
        let lock = snapshot.state
        return [
            "id": .string(snapshot.stream.id), "lockId": .int(Int64(lock.number)), "uuid": lock.uuid.json,
            "serialNumber": lock.serialNumber?.json, "ownerId": lock.owner?.json, "orgId": lock.organisation?.json,
            "organizationId": lock.organisation?.json, "version": .int(Int64(snapshot.version)),
            "r2Prefix": .string("\(Lock.category.className)/\(snapshot.stream.id)/"),
        ]
    }

    static let operation = Operation.query(
        "/locks/{id}/basic-info", "Read a lock without its keys", allow: .manager, input: .path("id", "Number of the lock."),
        make: LockBasicInfo.init(lock:)
    )
}

extension Lock {
    /// The tenant where an answer must name one.
    var orgName: String { organisation?.text ?? "default-org" }
}
