import Kernel

/// Lists shared keys, the revoked ones too: those of a lock, or those that the caller made. PINs are never listed.
enum SharedKeys {
    static let door = Schema.object([
        "id": .integer, "lockId": .string, "lockUuid": .string, "label": Schema.string.nullable.optional, "accessMethod": TempKey.Door.Method.schema,
    ])
    private static let schema = Schema.object([
        "tempKeys": .list(
            of: .object([
                "uuid": .string, "url": .string, "validFrom": .time, "validUntil": .time, "description": Schema.string.nullable, "createdBy": .string,
                "createdAt": .time, "revokedAt": Schema.time.nullable, "doors": .list(of: door),
            ]))
    ])

    static let operation = Operation.custom(
        .get, "/temp-keys", "List temporary keys for several doors", by: .client,
        allow: "with lockId whoever may give keys to the lock; without, everybody for the keys they made",
        answers: [Answer(200, "The keys, newest first.", schema), Answer(403, "The lock is not the caller's."), Answer(404, "There is no such lock.")],
        input: .query("lockId", "Only keys of this lock."), .caller
    ) { (services: Services, lock: LockID?, caller: Caller) in
        guard let lock else { return answer(try await TempKeyRows.keys(by: caller.name, services)) }
        let snapshot = try await services.store.load(Lock.self, lock.description)
        guard snapshot.exists else { throw Failure.refused(.unknown, code: nil, words: "There is no lock '\(lock)'.") }
        guard try await snapshot.state.isGiven(by: caller, services) else {
            throw Failure.refused(.forbidden, code: nil, words: "Only the owner of the lock may do this.")
        }
        return answer(try await TempKeyRows.keys(of: lock, services).filter { $0.isShared && $0.isAlive(at: snapshot.state) })
    }

    private static func answer(_ keys: [TempKey]) -> Response {
        .json(
            200,
            [
                "tempKeys": .array(
                    keys.map { key in
                        [
                            "uuid": key.id.json, "url": .string("/temp-keys/\(key.id)"), "validFrom": key.from.json, "validUntil": key.until.json,
                            "description": key.description?.json ?? .null, "createdBy": .string(key.createdBy), "createdAt": key.createdAt.json,
                            "revokedAt": key.revokedAt?.json ?? .null, "doors": .array(key.doors.map(describe)),
                        ]
                    })
            ])
    }

    static func describe(_ door: TempKey.Door) -> JSON {
        [
            "id": door.id.json, "lockId": .string(door.lock.description), "lockUuid": door.lockUuid.json, "label": door.label?.json ?? .null,
            "accessMethod": door.method.json,
        ]
    }
}
