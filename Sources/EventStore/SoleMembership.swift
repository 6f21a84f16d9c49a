public import Database
public import Kernel
import Synchronization

/// Finds out for which schemas this process is the only one that may write (see `WritingProcess`). While it is, a state that was read
/// stays current until it writes itself, and queries need not ask for it.
///
/// What was read of the locks counts for three seconds by a clock that counts on while the machine sleeps, and not at all when the connection
/// on which newcomers are heard is lost.
public final class SoleMembership: Sendable {
    private struct State {
        var isListening = false
        /// Raised whenever it stops being sole: what was read before counts no more.
        var losses = 0
        /// One look at a time; who asks meanwhile is served by another.
        var isLooking = false, looksAgain = false
        /// Until when, in milliseconds of uptime, by schema.
        var until: [String: Int64] = [:]
        /// Raised whenever nothing that was known before counts any more.
        var era: UInt64 = 0
        /// How many transactions that raise the credentials epoch are under way.
        var changes = 0
        /// After a commit whose outcome is unknown: it may still happen.
        var doubtUntil: Int64 = 0
        var credentials: (epoch: Int64, at: Int64)?

        func isSole(of schema: String, at now: Int64) -> Bool {
            isListening && changes == 0 && now >= doubtUntil && until[schema].map { now < $0 } ?? false
        }

        mutating func forget() {
            era += 1
            credentials = nil
        }
    }

    /// What a query may rely on.
    struct View {
        let isSole: Bool
        let era: UInt64
        /// The credentials epoch, if it is known to be current.
        let credentials: Int64?
        /// Milliseconds of uptime.
        let now: Int64
    }

    private let state = Mutex(State())
    private let process: WritingProcess
    private let database: any Database
    private let uptime: @Sendable () -> Uptime

    /// After this time everything is asked for again, so that what people change in the database by hand is seen.
    static let longest: Int64 = 5_000
    private static let doubt: Int64 = 30_000
    private static let platform = "platform"

    /// - Parameter database: the one whose connections hold the locks of the process.
    public init(_ process: WritingProcess, _ database: any Database, uptime: @escaping @Sendable () -> Uptime) {
        (self.process, self.database, self.uptime) = (process, database, uptime)
    }

    private var now: Int64 { uptime().milliseconds }

    func view(of schema: String) -> View {
        let now = now
        return state.withLock { state in
            let isSole = state.isSole(of: schema, at: now)
            let credentials = state.credentials.flatMap {
                isSole && state.isSole(of: Self.platform, at: now) && now - $0.at < Self.longest ? $0.epoch : nil
            }
            return View(isSole: isSole, era: state.era, credentials: credentials, now: now)
        }
    }

    /// Keeps a credentials epoch that was read since an era began.
    func keep(_ epoch: Int64, from view: View) {
        state.withLock { state in
            guard state.era == view.era, state.changes == 0 else { return }
            state.credentials = (epoch, view.now)
        }
    }

    /// Whether nothing has ended an era.
    func isCurrent(_ view: View) -> Bool { state.withLock { $0.era == view.era && $0.changes == 0 } }

    /// Surrounds a transaction that raises the credentials epoch: nothing counts that was read before its end.
    func change<Result>(_ body: () async throws -> Result) async throws -> Result {
        state.withLock {
            $0.changes += 1; $0.forget()
        }
        defer {
            state.withLock {
                $0.changes -= 1; $0.forget()
            }
        }
        return try await body()
    }

    /// Notes that a transaction may still take effect, though it is no longer waited for.
    func noteUnknownOutcome() {
        state.withLock {
            $0.doubtUntil = now + Self.doubt; $0.forget()
        }
    }

    /// Called when the connection that hears of newcomers is there.
    public func listenerIsConnected() { state.withLock { $0.isListening = true } }

    /// Called when it is lost: from now on a newcomer need not wait.
    public func listenerIsLost() {
        state.withLock { state in
            (state.isListening, state.until) = (false, [:])
            state.losses += 1
            state.forget()
        }
    }

    /// Looks who else may write; called once a second, and when somebody has announced itself.
    public func look() async {
        let mayLook = state.withLock { state in
            if state.isLooking { state.looksAgain = true }
            defer { state.isLooking = true }
            return !state.isLooking
        }
        guard mayLook else { return }
        repeat {
            state.withLock { $0.looksAgain = false }
            await lookOnce()
        } while state.withLock { state in
            state.isLooking = state.looksAgain
            return state.looksAgain
        }
    }

    private func lookOnce() async {
        let begin = now, losses = state.withLock { $0.losses }
        guard state.withLock({ $0.isListening }), let seen = try? await seen() else { return }
        let alone = Set(process.schemas).subtracting(seen.others)
        trust(alone.intersection(seen.declared), since: begin, losses)
        let undeclared = alone.subtracting(seen.declared).sorted(), outdated = seen.declared.subtracting(alone).sorted()
        guard !undeclared.isEmpty || !outdated.isEmpty else { return }
        guard (try? await database.transact(undeclared.map(declare) + outdated.map(withdraw))) != nil, !undeclared.isEmpty else { return }
        // Who has come before it was said has not waited for it: only what is seen afterwards counts.
        let again = now, lost = state.withLock { $0.losses }
        guard let seen = try? await self.seen() else { return }
        trust(Set(process.schemas).subtracting(seen.others).intersection(seen.declared), since: again, lost)
    }

    /// Returns the schemas to which others may write, and those of which it is said that this process is alone. What is said is read
    /// first, so that it is older than what is seen; it counts only while newcomers see that this process hears them.
    private func seen() async throws -> (others: Set<String>, declared: Set<String>) {
        let answers = try await database.read([
            "SELECT schema FROM platform.sole_members WHERE process = \(process.number)", process.isListening, process.otherWriters,
        ])
        let classes = Set(try answers[2].rows.map { try $0.read("class", as: Int.self) })
        return (
            Set(process.schemas.filter { classes.contains(WritingProcess.lockClass(of: $0)) }),
            answers[1].rows.isEmpty ? [] : Set(try answers[0].rows.map { try $0.read("schema", as: String.self) })
        )
    }

    private func declare(_ schema: String) -> SQL {
        """
        INSERT INTO platform.sole_members (schema, process) VALUES (\(schema), \(process.number))
        ON CONFLICT (schema) DO UPDATE SET process = EXCLUDED.process
        """
    }

    private func withdraw(_ schema: String) -> SQL {
        "DELETE FROM platform.sole_members WHERE schema = \(schema) AND process = \(process.number)"
    }

    private func trust(_ schemas: Set<String>, since begin: Int64, _ losses: Int) {
        state.withLock { state in
            guard state.isListening, state.losses == losses else { return }
            let now = now
            for schema in process.schemas {
                guard schemas.contains(schema) else {
                    if state.until.removeValue(forKey: schema) != nil { state.losses += 1 }
                    continue
                }
                // Others may have written in the meantime.
                if state.until[schema].map({ $0 <= now }) ?? true { state.forget() }
                state.until[schema] = begin + WritingProcess.validity.milliseconds
            }
        }
    }
}
