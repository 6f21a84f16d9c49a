import AccessContracts
import Kernel

/// What Access knows about a person, for the person to read.
enum PersonalRecords {
    static func answering(_ services: Services) -> AskHandler {
        AskHandler(PersonalRecord.self) { question, _ in PersonalRecord.Reply(record: try await record(of: question.user, services)) }
    }

    private static func record(of user: UserID, _ services: Services) async throws -> JSON {
        let rows = try await services.store.read([
            "SELECT lock_id, uuid FROM access.owned_locks WHERE owner_id = \(user) ORDER BY lock_id", LockKeysView.places(of: user),
            ResidentsView.locks(of: user), "SELECT uuid FROM access.temp_keys WHERE created_by = \(user.text) ORDER BY created_at",
            "SELECT * FROM access.actions WHERE user_id = \(user) ORDER BY created_at",
            "SELECT lock_id, key_uuid, validity FROM access.key_grants WHERE user_id = \(user) ORDER BY lock_id, key_uuid",
            "SELECT uuid FROM access.temp_key_users WHERE user_id = \(user) ORDER BY uuid",
            "SELECT run, label, status, created_at FROM access.workflow_runs WHERE creator = \(user.text) ORDER BY created_at",
        ])
        var residences: [JSON] = []
        for lock in rows[2].compactMap({ $0.text("lock_id") }) {
            let resident = try await services.store.load(Lock.self, lock).state.resident(user)
            residences.append([
                "lockId": .string(lock), "name": resident.map { .string($0.name) }, "email": resident?.email.map(JSON.string),
            ])
        }
        var record: JSON.Object = [
            "ownedLocks": .array(rows[0].map { ["lockId": .string($0.text("lock_id") ?? ""), "uuid": .string($0.text("uuid") ?? "")] }),
            "keys": .array(rows[1].compactMap(LockKeysView.Place.init).map { ["lockId": $0.lock.json, "key": $0.key.json] }),
            "residences": .array(residences), "temporaryKeys": .array(rows[3].compactMap { $0.text("uuid").map(JSON.string) }),
            "actions": .array(rows[4].map(describe(action:))),
        ]
        record["keyHours"] = .array(rows[5].map(describe(hours:)))
        record["temporaryKeysForThePerson"] = .array(rows[6].compactMap { $0.text("uuid").map(JSON.string) })
        record["runs"] = .array(rows[7].map(describe(run:)))
        return .object(record)
    }

    private static func describe(hours row: Row) -> JSON {
        [
            "lockId": .string(row.text("lock_id") ?? ""), "key": .string(row.text("key_uuid") ?? ""),
            "validity": row.json("validity") ?? .null,
        ]
    }

    private static func describe(run: Row) -> JSON {
        [
            "instanceId": .string(run.text("run") ?? ""), "label": .string(run.text("label") ?? ""),
            "status": .string(run.text("status") ?? ""),
            "createdAt": run.moment("created_at")?.json ?? .null,
        ]
    }

    private static func describe(action: Row) -> JSON {
        [
            "actionId": .string(action.text("action_id") ?? ""), "type": .string(action.text("type") ?? ""),
            "lockId": .int(action.int("lock_id") ?? 0),
            "status": .string(action.text("status") ?? ""), "createdAt": action.moment("created_at")?.json ?? .null,
        ]
    }
}
