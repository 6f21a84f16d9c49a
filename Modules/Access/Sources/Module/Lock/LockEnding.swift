import Application
import Kernel

/// Ends what a lock stands for before its history is deleted: keys leave the device, and no temporary key opens it any more, nor the lock
/// that gets its number next.
enum LockEnding {
    static let ending = Ending(of: Lock.self) { id, request, services in
        let lock = try await services.store.load(Lock.self, id).state
        for key in lock.keys {
            // Each removal is an action of its own.
            let own = Request(caller: request.caller, trace: request.trace, attempt: Attempt(now: services.clock()))
            _ = try await services.execute(RemoveKey(lock: LockID(lock.number), key: key.id, index: key.index), for: own)
        }
        let query: SQL = "SELECT DISTINCT uuid FROM access.temp_key_doors WHERE lock_id = \(lock.number)"
        for row in try await services.store.query(query) {
            let end = EndDoors(key: try row.read("uuid"), lock: LockID(lock.number), by: request.caller.publicName)
            _ = try await services.execute(end, for: request)
        }
        guard try await services.store.load(Lock.self, id).state.keys.isEmpty else {
            throw RequestError.refused(.conflict, code: nil, message: "Keys were put on the lock meanwhile.")
        }
    }
}

/// Ends the doors of a temporary key at a lock.
struct EndDoors: Command {
    let key: TempKey.ID
    let lock: LockID
    let by: String

    var target: String { key.text }

    func decide(_ key: TempKey, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [TempKey.Event] {
        let open = key.doors.filter { $0.lock == lock && !key.endedDoors.contains($0.id) }.map(\.id)
        return open.isEmpty ? [] : [.doorsEnded(open, by: by, at: now)]
    }
}
