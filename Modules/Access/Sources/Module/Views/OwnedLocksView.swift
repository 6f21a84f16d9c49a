import AccessContracts
import Application
import DevicesContracts
import Kernel

/// The locks that each user owns, across aggregates.
enum OwnedLocksView {
    static let migration = Migration(
        "002-owned-locks",
        [
            """
            CREATE TABLE access.owned_locks (
                lock_id TEXT PRIMARY KEY, owner_id TEXT, uuid TEXT NOT NULL, serial_number TEXT, keys BIGINT NOT NULL, \
            residents BIGINT NOT NULL, last_event TEXT,
                changed_at BIGINT NOT NULL)
            """,
            "CREATE INDEX owned_locks_by_owner ON access.owned_locks (owner_id)",
        ])

    /// Writes a row with every event of a lock that has an owner.
    static let view = View<Lock>(.table("owned_locks", by: "lock_id"), rows: rows(for:))

    private static func rows(for change: Change<Lock>) -> [SQL] {
        let lock = change.after
        guard lock.owner != nil || change.before.owner != nil else { return [] }
        return [
            """
            INSERT INTO access.owned_locks (lock_id, owner_id, uuid, serial_number, keys, residents, last_event, changed_at)
            VALUES (\(change.stream.id), \(optional: lock.owner), \(lock.uuid), \(optional: lock.serialNumber?.text), \
            \(lock.keys.count), \(lock.residents.count),
                \(Lock.events.name(of: change.event)), \(change.at))
            ON CONFLICT (lock_id) DO UPDATE SET owner_id = EXCLUDED.owner_id, uuid = EXCLUDED.uuid, serial_number = EXCLUDED.serial_number,
                keys = EXCLUDED.keys, residents = EXCLUDED.residents, last_event = EXCLUDED.last_event, changed_at = EXCLUDED.changed_at
            """
        ]
    }

    static func answering(_ services: Services) -> AskHandler {
        AskHandler(OwnedLocks.self) { question, context in
            let rows = try await services.store.query(
                "SELECT * FROM access.owned_locks WHERE owner_id = \(question.owner) ORDER BY lock_id LIMIT 1000")
            let things = try rows.map { try $0.read("uuid", as: ThingName.self) }
            let online = try? await services.bus.ask(ThingsOnline(things: things), trace: context.trace, now: services.clock()).online
            return OwnedLocks.Reply(locks: try rows.map { try describe($0, online: Set(online ?? [])) })
        }
    }

    private static func describe(_ row: Row, online: Set<ThingName>) throws(RowDecodingError) -> OwnedLocks.Lock {
        let uuid: String = try row.read("uuid")
        return OwnedLocks.Lock(
            uuid: uuid, serialNumber: try row.find("serial_number"), isOnline: online.contains(ThingName(uuid)), keys: try row.read("keys"),
            residents: try row.read("residents"), lastEvent: try row.find("last_event"), changedAt: try row.find("changed_at"))
    }
}
