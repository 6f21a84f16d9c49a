import Kernel

/// Takes a lock out of a shared key: whoever may give keys to one lock ends the key there, whoever made it and whatever else it opens.
enum RemoveDoor {
    private static let attempts = 8

    static let operation = Operation.custom(
        .post, "/temp-keys/{uuid}/doors/{doorId}/remove", "Take a door out of a temporary key for several doors",
        by: .client, allow: "whoever may give keys to the lock of the door",
        answers: [
            Answer(200, "The key does not open the door any more.", .object(["success": .constant(true), "uuid": .string, "doorId": .integer])),
            Answer(403, "The lock is not the caller's."), Answer(404, "There is no such key, or no such door."),
        ],
        input: .path("uuid", "The key."), .path("doorId", "The door's number within the key."), .request
    ) { (services: Services, id: TempKey.ID, number: Count, request: Request) in
        for _ in 0..<attempts {
            let key = try await services.store.load(TempKey.self, id.text)
            guard key.exists, key.state.isShared, let door = key.state.door(number.number) else {
                throw Failure.refused(.unknown, code: nil, words: "There is no such door of a temporary key.")
            }
            let lock = try await services.store.load(Lock.self, door.lock.description)
            guard try await lock.state.isGiven(by: request.caller, services) else {
                throw Failure.refused(.forbidden, code: nil, words: "Only the owner of the lock may do this.")
            }
            do {
                try await services.store.commit(Commit(try ends(door, of: key, lock, request), trace: request.trace))
                return .json(200, ["success": true, "uuid": id.json, "doorId": number.json])
            } catch CommitFailure.versionConflict {}
        }
        throw Failure.unavailable("Too many requests change this key at once.", retryAfter: .seconds(1))
    }

    /// Nothing for a door that is ended already: repeating it is harmless.
    private static func ends(_ door: TempKey.Door, of key: Snapshot<TempKey>, _ lock: Snapshot<Lock>, _ request: Request) throws -> [Append] {
        guard !key.state.endedDoors.contains(door.id), !key.state.isRevoked else { return [] }
        let now = request.attempt.now, by = request.caller.name
        let ended = try Append([.doorsEnded([door.id], by: by, at: now)], to: key, at: now)
        let isLast = !key.state.doors.contains { $0.id != door.id && $0.lock == door.lock && key.state.isAlive($0, at: lock.state) }
        return [ended] + (isLast ? [try Append([.tempKeyDeleted(key.state.id, by: by)], to: lock, at: now)] : [])
    }
}
