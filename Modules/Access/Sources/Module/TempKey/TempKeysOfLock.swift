import Kernel

/// The temporary keys of a lock that are not revoked, with how they stand now.
struct TempKeysOfLock: Query {
    let lock: LockID
    var target: String { lock.description }

    static let answer = Schema.object([
        "tempKeys": .list(
            of: .object([
                "uuid": .string, "lockId": .integer, "lockUuid": .string, "accessMode": AccessMode.schema, "allowedUserIds": .list(of: .string), "validFrom": .time,
                "validUntil": .time, "maxUses": Schema.integer.nullable, "usedCount": .integer, "createdAt": .time, "createdBy": .string,
                "status": .oneOf(["valid", "expired", "used-up", "not-yet-valid"]),
            ]))
    ])

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> JSON {
        let keys = try await TempKeyRows.keys(of: lock, services), now = services.clock()
        return ["tempKeys": .array(keys.filter { !$0.isRevoked && $0.isAlive(at: snapshot.state) }.map { Self.describe($0, snapshot.state, at: now) })]
    }

    private static func describe(_ key: TempKey, _ lock: Lock, at now: Moment) -> JSON {
        [
            "uuid": key.id.json, "lockId": .int(Int64(lock.number)), "lockUuid": lock.uuid.json,
            "accessMode": (key.users == nil ? AccessMode.everybody : .whitelist).json, "allowedUserIds": (key.users ?? []).json, "validFrom": key.from.json,
            "validUntil": key.until.json, "maxUses": key.maxUses?.json ?? .null, "usedCount": key.usedCount.json, "createdAt": key.createdAt.json,
            "createdBy": .string(key.createdBy), "status": .string(key.standing(at: now).rawValue),
        ]
    }

    static let operation = Operation.query(
        "/locks/{id}/temp-keys", "List the temporary keys of a lock", allow: .owner, input: .path("id", "Number of the lock."), make: TempKeysOfLock.init(lock:)
    )
}
