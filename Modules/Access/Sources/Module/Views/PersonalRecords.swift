import AccessContracts
import Application
import Kernel

/// Collects what Access stores about a user, for that user to read.
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
        for row in rows[2] {
            let lock: String = try row.read("lock_id"), resident = try await services.store.load(Lock.self, lock).state.resident(user)
            residences.append([
                "lockId": .string(lock), "name": resident.map { .string($0.name) }, "email": resident?.email.map(JSON.string),
            ])
        }
        let locks = try rows[0].map { ["lockId": .string(try $0.read("lock_id")), "uuid": .string(try $0.read("uuid"))] as JSON }
        let keys = try rows[1].map { try LockKeysView.Place($0) }.map { ["lockId": $0.lock.json, "key": $0.key.json] as JSON }
        return [
            "ownedLocks": .array(locks), "keys": .array(keys), "residences": .array(residences),
            "temporaryKeys": .array(try uuids(rows[3])),
            "actions": .array(try rows[4].map(describe(action:))), "keyHours": .array(try rows[5].map(describe(hours:))),
            "temporaryKeysForThePerson": .array(try uuids(rows[6])), "runs": .array(try rows[7].map(describe(run:))),
        ]
    }

    private static func uuids(_ rows: [Row]) throws -> [JSON] { try rows.map { .string(try $0.read("uuid")) } }

    private static func describe(hours row: Row) throws -> JSON {
        ["lockId": .string(try row.read("lock_id")), "key": .string(try row.read("key_uuid")), "validity": try row.read("validity")]
    }

    private static func describe(run: Row) throws -> JSON {
        [
            "instanceId": .string(try run.read("run")), "label": .string(try run.read("label")), "status": .string(try run.read("status")),
            "createdAt": try run.read("created_at", as: Timestamp.self).json,
        ]
    }

    private static func describe(action: Row) throws -> JSON {
        [
            "actionId": .string(try action.read("action_id")), "type": .string(try action.read("type")),
            "lockId": .int(try action.read("lock_id")), "status": .string(try action.read("status")),
            "createdAt": try action.read("created_at", as: Timestamp.self).json,
        ]
    }
}
