import Application
import DevicesContracts
import Kernel

/// Transfers of locks in progress. The thing is transferred first, and the lock's own event may never be stored; entries older than
/// `timeout` are settled according to the lock's state.
struct ThingTransfers {
    let services: Services

    static let migration = Migration(
        "013-hand-overs", ["CREATE TABLE access.hand_overs (lock_id BIGINT PRIMARY KEY, begun_at BIGINT NOT NULL)"])

    /// Longer than the longest request.
    static let timeout = Duration.seconds(60)
    private static let interval = Duration.seconds(15)

    static func begun(_ lock: LockID, at now: Timestamp) -> SQL {
        """
        INSERT INTO access.hand_overs (lock_id, begun_at) VALUES (\(lock.number), \(now)) ON CONFLICT (lock_id) DO UPDATE \
        SET begun_at = EXCLUDED.begun_at
        """
    }
    static func done(_ lock: LockID) -> SQL { "DELETE FROM access.hand_overs WHERE lock_id = \(lock.number)" }

    var job: Job { Job.every(Self.interval, "access-hand-overs") { try await reconcile() } }

    /// Binds the things of locks with an unfinished transfer to the tenants that have the locks.
    func reconcile() async throws {
        let before = services.clock() - Self.timeout
        for row in try await services.store.query(
            "SELECT lock_id FROM access.hand_overs WHERE begun_at < \(before) ORDER BY begun_at LIMIT 100")
        {
            let lock = try row.read("lock_id", as: LockID.self)
            do { try await reconcile(lock) } catch is CancellationError { throw CancellationError() } catch {
                services.log.warning("The hand-over of a lock waits to be put right", ["lock": "\(lock)", "error": "\(error)"])
            }
        }
    }

    private func reconcile(_ lock: LockID) async throws {
        let streamLock = try await services.store.lockStream(Lock.stream(lock.number))
        defer { streamLock.release() }
        let state = try await services.store.load(Lock.self, lock.description).state,
            trace = Trace(correlation: "hand-over", causation: nil)
        _ = try await services.bus.ask(BindThing(thing: state.thing, org: state.org, isHandOver: true), trace: trace, now: services.clock())
        _ = try await services.store.run([Self.done(lock)])
    }
}
