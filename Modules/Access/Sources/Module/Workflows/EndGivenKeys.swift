import Application
import Kernel

/// Records what a transfer of a lock has ended: temporary keys that no longer open it, and keys that left its list because their holders
/// lost their rights. Also removes the latter from the device. The rights end at once, independently of this workflow.
struct EndGivenKeys: Workflow {
    static let name = "end-given-keys-workflow", label = "End what was given before a lock changed hands"

    let lock: LockID
    let keys: [Key.ID]
    /// The tenant to which the ended keys are published.
    let tenant: OrgID?
    /// The name of the caller who transferred the lock.
    let by: String

    private static let batchSize = 100

    static func start(_ lock: LockID, _ keys: [Key], tellingTenant tenant: OrgID?, _ request: Request, _ services: Services) throws -> SQL {
        let run = WorkflowID(request.identifier(for: "end-given-keys").text)
        let workflow = EndGivenKeys(lock: lock, keys: keys.map(\.id), tenant: tenant, by: request.caller.name)
        return services.startWorkflow(try WorkflowStart(workflow, as: run, by: request.caller.name, at: request.attempt.now))
    }

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        for key in keys { _ = try await steps.perform("key \(key)") { try await remove(key, services) } }
        var last = "", count = 0
        while true {
            let rows = try await services.store.query(
                """
                SELECT uuid FROM access.temp_key_doors WHERE lock_id = \(lock.number) AND uuid > \(last) ORDER BY uuid \
                LIMIT \(Self.batchSize)
                """
            )
            for key in try rows.map({ try $0.read("uuid", as: String.self) }) {
                if try await end(TempKey.ID(key), services) { count += 1 }
                last = key
            }
            guard rows.count == Self.batchSize else { return ["temporaryKeys": count.json, "keys": keys.count.json] }
        }
    }

    /// Creates a grant for the removal, which drives it to completion however long the device is offline.
    private func remove(_ key: Key.ID, _ services: Services) async throws -> String {
        let id = KeyGrant.id(lock, key)
        while true {
            let state = try await services.store.load(Lock.self, lock.description), grant = try await services.store.load(KeyGrant.self, id)
            // The new tenant has given the key again.
            guard state.state.key(key) == nil, !grant.state.isLive else { return "nothing to do" }
            // Each removal has its own run: an earlier one may have ended long ago.
            let run = WorkflowID(UUIDText(digest: services.vault.sha256(Array("given \(id) \(grant.version)".utf8))).text)
            let terms = KeyGrant.Terms(lock: lock, key: key, index: nil, holder: nil, validity: .always, since: state.version)
            let append = try Append([.granted(terms, isOnDevice: true, run: run), .revoked], to: grant, at: services.clock())
            let start = services.startWorkflow(try WorkflowStart(KeepKeyInTime(grant: id), as: run, by: by, at: services.clock()))
            do {
                try await services.store.commit(
                    Commit(
                        [append], rows: [start, KeyRemovals.begun(key, nil, on: lock, at: services.clock())],
                        trace: Trace(correlation: run.text, causation: nil)))
                return "begun"
            } catch CommitFailure.versionConflict {}
        }
    }

    /// Ends the key's doors at the lock and publishes that to the previous tenant. Returns false if the key still opens the lock or has
    /// already ended.
    private func end(_ id: TempKey.ID, _ services: Services) async throws -> Bool {
        while true {
            let key = try await services.store.load(TempKey.self, id.text),
                lock = try await services.store.load(Lock.self, lock.description)
            let doors = key.state.doors.filter {
                $0.lock == self.lock && !key.state.isAlive($0, at: lock.state) && !key.state.endedDoors.contains($0.id)
            }
            guard !doors.isEmpty, !key.state.isRevoked else { return false }
            let now = services.clock()
            let appends = [
                try Append([.doorsEnded(doors.map(\.id), by: by, at: now)], to: key, at: now),
                try Append([.tempKeyDeleted(id, by: by)], to: lock, at: now, audience: tenant.map { [$0] } ?? []),
            ]
            do {
                try await services.store.commit(Commit(appends, trace: Trace(correlation: "end-given-keys", causation: nil)))
                return true
            } catch CommitFailure.versionConflict {}
        }
    }
}
