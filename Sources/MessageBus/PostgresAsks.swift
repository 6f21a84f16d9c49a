public import Database
public import Kernel
import Synchronization
import Waiting

/// Sends asks between processes through an unlogged table of their shared database, without addresses or discovery.
public final class PostgresAsks: Sendable {
    /// The table belongs to the schema `platform`. An ask lost in a server crash counts as timed out.
    public static let migration = Migration(
        "002-asks",
        [
            """
            CREATE {unlogged} TABLE platform.asks (
                id TEXT PRIMARY KEY, module TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, deadline BIGINT NOT NULL,
                correlation TEXT NOT NULL, causation TEXT, asker TEXT NOT NULL, holder TEXT, reply TEXT, failure TEXT)
            """,
            "CREATE INDEX asks_open ON platform.asks (module) WHERE holder IS NULL",
            "CREATE INDEX asks_answered ON platform.asks (asker) WHERE reply IS NOT NULL OR failure IS NOT NULL",
        ])

    private let database: any Database
    private let notifier: Notifier
    private let local: LocalAsks
    private let modules: [String]
    private let isServing: @Sendable (String) -> Bool
    private let process: String
    private let clock: @Sendable () -> Timestamp
    private let waiting = Mutex<[String: OneShot<JSON>]>([:])
    private let pump = Pump()

    /// - Parameters:
    ///   - modules: the modules this process can answer for.
    ///   - isServing: whether the process answers for a module now; only one of several processes with that module may.
    ///   - process: unique among all processes.
    public init(
        database: any Database, notifier: Notifier, local: LocalAsks, modules: [String],
        isServing: @escaping @Sendable (String) -> Bool = { _ in true },
        process: String, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.database = database
        self.notifier = notifier
        self.local = local
        self.modules = modules
        self.isServing = isServing
        self.process = process
        self.clock = clock
    }

    /// The channels whose notices must lead to a call of `heard`.
    public var channels: [String] { modules.map { "spkey_ask_\($0)" } + ["spkey_reply_\(process)"] }

    /// Handles asks and replies that may have arrived. Returns at once.
    public func heard() { pump.run { [self] in await work() } }

    /// Polls in addition to the notices until cancelled, and deletes asks long past their deadline.
    public func poll() async throws {
        while true {
            try await Task.sleep(for: .seconds(1))
            heard()
            _ = try? await database.transact(["DELETE FROM platform.asks WHERE deadline < \(clock() - .seconds(60))"])
        }
    }

    public func send(_ name: String, _ module: String, _ body: JSON, _ context: AskContext) async throws -> JSON {
        let id = UUIDText.fresh(at: clock()).text, reply = OneShot<JSON>()
        waiting.withLock { $0[id] = reply }
        defer { waiting.withLock { _ = $0.removeValue(forKey: id) } }
        do {
            _ = try await database.transact([
                """
                INSERT INTO platform.asks (id, module, name, body, deadline, correlation, causation, asker)
                VALUES (\(id), \(module), \(name), \(body), \(context.deadline), \(context.trace.correlation),
                    \(optional: context.trace.causation), \(process))
                """
            ])
        } catch is DatabaseError {
            throw RequestError.unavailable("The database is not available now.", retryAfter: .seconds(2))
        }
        notifier.notify("spkey_ask_\(module)")
        return try await reply.value(
            within: max(context.deadline.since(clock()), .zero), or: AskFailure.timedOut(name: name), isCancellable: false)
    }

    private func work() async {
        do {
            try await collect()
            for module in modules { while isServing(module), try await take(module) {} }
        } catch {
            // The database is unavailable: asks reach their deadlines, and the next poll tries again.
        }
    }

    /// Collects the replies to the asks of this process.
    private func collect() async throws {
        let done = try await database.transact([
            """
            DELETE FROM platform.asks WHERE asker = \(process) AND (reply IS NOT NULL OR failure IS NOT NULL) RETURNING id, name, \
            reply, failure
            """
        ])[0].rows
        for row in done {
            guard let id = try row.find("id", as: String.self), let reply = waiting.withLock({ $0[id] }) else { continue }
            do {
                if let answer = try row.find("reply", as: JSON.self) {
                    reply.settle(.success(answer))
                } else {
                    reply.settle(.failure(WireFailure.read(try row.read("failure"), name: try row.read("name"))))
                }
            } catch {
                reply.settle(.failure(error))
            }
        }
    }

    /// Claims up to fifty asks of a module and answers them concurrently. Returns false when there were none.
    private func take(_ module: String) async throws -> Bool {
        let rows = try await database.transact([
            """
            UPDATE platform.asks SET holder = \(process) WHERE id IN (
                SELECT id FROM platform.asks WHERE module = \(module) AND holder IS NULL LIMIT 50 FOR UPDATE SKIP LOCKED)
            RETURNING id, name, body, deadline, correlation, causation, asker
            """
        ])[0].rows
        for row in rows {
            do {
                let ask = try Taken(row)
                Task { await answer(ask) }
            } catch {
                await report(.failure(error), to: try row.read("asker"), ask: try row.read("id"))
            }
        }
        return !rows.isEmpty
    }

    /// An ask claimed by this process.
    private struct Taken {
        let id: String
        let name: String
        let body: JSON
        let asker: String
        let context: AskContext

        init(_ row: Row) throws(RowDecodingError) {
            id = try row.read("id")
            name = try row.read("name")
            body = try row.read("body")
            asker = try row.read("asker")
            let trace = Trace(correlation: try row.read("correlation"), causation: try row.find("causation"))
            context = AskContext(trace: trace, deadline: try row.read("deadline"))
        }
    }

    private func answer(_ ask: Taken) async {
        let outcome: Result<JSON, any Error>
        do { outcome = .success(try await local.send(ask.name, ask.body, ask.context)) } catch { outcome = .failure(error) }
        await report(outcome, to: ask.asker, ask: ask.id)
    }

    private func report(_ outcome: Result<JSON, any Error>, to asker: String, ask id: String) async {
        let statement: SQL =
            switch outcome {
            case .success(let reply): "UPDATE platform.asks SET reply = \(reply) WHERE id = \(id)"
            case .failure(let error): "UPDATE platform.asks SET failure = \(WireFailure.text(of: error)) WHERE id = \(id)"
            }
        guard (try? await database.transact([statement])) != nil else { return }
        notifier.notify("spkey_reply_\(asker)")
    }
}

/// Runs work one at a time; calls during a run make it run once more.
final class Pump: Sendable {
    private enum State { case idle, running, again }
    private let state = Mutex(State.idle)

    func run(_ work: @escaping @Sendable () async -> Void) {
        let mayStart = state.withLock { state in
            defer { state = state == .idle ? .running : .again }
            return state == .idle
        }
        guard mayStart else { return }
        Task {
            repeat { await work() } while isWanted()
        }
    }

    private func isWanted() -> Bool {
        state.withLock { state in
            defer { state = state == .again ? .running : .idle }
            return state == .again
        }
    }
}
