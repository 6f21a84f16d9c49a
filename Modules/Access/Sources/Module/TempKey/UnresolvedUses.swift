import Application
import DevicesContracts
import Kernel

/// Uses of temporary keys that are reserved while it is unknown whether the command was sent. A request that dies in between leaves its use
/// here; if no action appears within `timeout`, the use is given back to the key.
struct UnresolvedUses {
    let services: Services

    static let migration = Migration(
        "010-unsettled-uses",
        [
            """
            CREATE TABLE access.unsettled_uses (action_id TEXT PRIMARY KEY, key_uuid TEXT NOT NULL, lock_id BIGINT NOT NULL, \
            reserved_at BIGINT NOT NULL)
            """,
            "CREATE INDEX unsettled_uses_by_time ON access.unsettled_uses (reserved_at)",
        ])

    /// Longer than a request lasts, and longer than the device may take to open.
    static let timeout = Duration.seconds(90)
    private static let interval = Duration.seconds(15), limit = 100
    private static let attempts = 32

    static func note(_ action: ActionID, _ key: TempKey.ID, _ lock: LockID, at now: Timestamp) -> SQL {
        """
        INSERT INTO access.unsettled_uses (action_id, key_uuid, lock_id, reserved_at) VALUES (\(action), \(key), \(lock.number), \(now))
        ON CONFLICT (action_id) DO NOTHING
        """
    }

    var job: Job { Job.every(Self.interval, "access-unsettled-uses") { try await reconcile() } }

    /// Forgets the uses whose command was sent, and gives the others back.
    func reconcile() async throws {
        let before = services.clock() - Self.timeout
        _ = try await services.store.run([
            """
            DELETE FROM access.unsettled_uses WHERE reserved_at < \(before)
                AND action_id IN (SELECT a.action_id FROM access.actions a WHERE a.action_id = access.unsettled_uses.action_id)
            """
        ])
        for row in try await services.store.query(
            "SELECT * FROM access.unsettled_uses WHERE reserved_at < \(before) ORDER BY reserved_at LIMIT \(Self.limit)")
        {
            let action = try row.read("action_id", as: ActionID.self)
            do { try await reconcile(action, try row.read("key_uuid"), try row.read("lock_id")) } catch is CancellationError {
                throw CancellationError()
            } catch {
                services.log.warning("A use of a temporary key waits to be given back", ["action": action.text, "error": "\(error)"])
            }
        }
    }

    /// Gives one use back. The command is withdrawn first: one still on its way must not open the door for a use that is given back.
    private func reconcile(_ action: ActionID, _ key: TempKey.ID, _ lock: LockID) async throws {
        let thing = try await services.store.load(Lock.self, lock.description).state.thing,
            trace = Trace(correlation: action.text, causation: nil)
        _ = try await services.bus.ask(WithdrawCommand(action: action, thing: thing), trace: trace, now: services.clock())
        let isUntold: SQL = """
            DELETE FROM access.unsettled_uses WHERE action_id = \(action) AND NOT EXISTS (SELECT 1 FROM access.actions a \
            WHERE a.action_id = \(action))
            """
        // The command was sent after the query above: the use is spent.
        do { try await giveBack(action, to: key, settling: isUntold.required, trace) } catch CommitFailure.violated {}
    }

    /// Gives back the use of a request whose push failed.
    func giveBack(_ action: ActionID, to key: TempKey.ID, _ trace: Trace) async throws {
        try await giveBack(action, to: key, settling: "DELETE FROM access.unsettled_uses WHERE action_id = \(action)", trace)
    }

    private func giveBack(_ action: ActionID, to id: TempKey.ID, settling row: SQL, _ trace: Trace) async throws {
        for _ in 0..<Self.attempts {
            let key = try await services.store.load(TempKey.self, id.text), now = services.clock()
            let appends = key.state.recentUses.contains(action) ? [try Append([.useReturned(action)], to: key, at: now)] : []
            do { return try await services.store.commit(Commit(appends, rows: [row], trace: trace)) } catch CommitFailure.versionConflict {}
        }
        throw RequestError.unavailable("The key changes too often.", retryAfter: .seconds(1))
    }
}
