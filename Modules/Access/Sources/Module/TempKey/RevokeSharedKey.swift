import Kernel

/// Ends a shared key with all its doors and its PIN.
enum RevokeSharedKey {
    static let operation = make("/temp-keys/{uuid}", "Revoke a temporary key for several doors")
    static let collective = make("/collective-temp-keys/{uuid}", "Revoke a temporary key for several doors (older path)")

    private static let attempts = 8

    private static func make(_ path: String, _ summary: String) -> Operation {
        Operation.custom(
            .delete, path, summary, by: .client, allow: "whoever may give keys to every lock that the key still opens",
            answers: [
                Answer(200, "Revoked.", .object(["success": .constant(true), "uuid": .string, "alreadyRevoked": .boolean.optional])),
                Answer(403, "One of the locks is not the caller's."), Answer(404, "There is no such key."),
            ],
            input: .path("uuid", "The key."), .request
        ) { (services: Services, id: TempKey.ID, request: Request) in
            var wasThere = false
            for _ in 0..<attempts {
                let key = try await services.store.load(TempKey.self, id.text)
                guard key.exists, key.state.isShared else { throw unknown }
                // Somebody else was faster between our look and our commit.
                if key.state.isRevoked { return wasThere ? answer(id, alreadyRevoked: true) : try gone() }
                wasThere = true
                do {
                    try await services.store.commit(try await commit(key, request, services))
                    return answer(id, alreadyRevoked: false)
                } catch CommitFailure.versionConflict {}
            }
            throw Failure.unavailable("Too many requests change this key at once.", retryAfter: .seconds(1))
        }
    }

    private static var unknown: Failure { .refused(.unknown, code: nil, words: "There is no such temporary key.") }
    private static func gone() throws -> Response { throw unknown }

    private static func answer(_ id: TempKey.ID, alreadyRevoked: Bool) -> Response {
        .json(200, ["success": true, "uuid": id.json, "alreadyRevoked": alreadyRevoked ? true : nil])
    }

    private static func commit(_ key: Snapshot<TempKey>, _ request: Request, _ services: Services) async throws -> Commit {
        let now = request.attempt.now, by = request.caller.name
        var told: [Append] = []
        for number in key.state.locks {
            let lock = try await services.store.load(Lock.self, number.description)
            guard key.state.isAlive(at: lock.state) else { continue }
            guard try await lock.state.isGiven(by: request.caller, services) else {
                throw Failure.refused(.forbidden, code: nil, words: "Only the owner of every lock may do this.")
            }
            told.append(try Append([.tempKeyDeleted(key.state.id, by: by)], to: lock, at: now))
        }
        // A key that opens nothing any more is ended by who made it.
        guard !told.isEmpty || request.caller.isSuper || key.state.createdBy.hasSameBytes(as: by) else {
            throw Failure.refused(.forbidden, code: nil, words: "Only the owner of every lock may do this.")
        }
        return Commit([try Append([.revoked(by: by, at: now)], to: key, at: now)] + told, rows: [PinRows.remove(key.state.id)], trace: request.trace)
    }
}
