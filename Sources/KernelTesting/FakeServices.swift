public import Application
public import Kernel
import Synchronization
import Waiting

/// The services of a module under test: an in-memory store, and a bus that records asks and replies as the test specifies.
public final class FakeServices: Sendable {
    private struct State {
        var states: [StreamName: StoredState] = [:]
        var events: [StreamName: [StoredEvent]] = [:]
        var claims: Set<String> = []
        var lines: [StreamName: WaitQueue<Void>] = [:]
        var asked: [(name: String, body: JSON)] = []
        var answers: [String: @Sendable (JSON) async throws -> JSON] = [:]
        var rows: [SQL] = []
        var found: [(part: String, rows: [Row])] = []
        var messages: [Commit.OutgoingMessage] = []
        var failure: (any Error)?
        /// How many commits succeed before the failing one.
        var successes = 0
    }
    private let state = Mutex(State())
    public let now: Timestamp

    public init(now: Timestamp = Timestamp(milliseconds: 1_755_680_400_000)) { self.now = now }

    /// Sets the reply to an ask.
    public func answer<A: Ask>(_ type: A.Type, _ reply: @escaping @Sendable (A) async throws -> A.Reply) {
        state.withLock { $0.answers[A.name] = { try JSON(encoding: await reply(try $0.decoded())) } }
    }

    /// Makes the next commit fail.
    public func failNextCommit(with error: any Error) { failCommit(1, with: error) }

    /// Makes the commit with this number fail, counting the next one as 1.
    public func failCommit(_ number: Int, with error: any Error) { state.withLock { ($0.failure, $0.successes) = (error, number - 1) } }

    /// Sets the rows of queries whose text contains `part`; other queries return none.
    public func find(_ rows: [Row], by part: String) { state.withLock { $0.found.append((part, rows)) } }

    private func rows(of query: SQL) -> [Row] { state.withLock { $0.found.first { query.text.contains($0.part) }?.rows ?? [] } }

    /// Returns the asks of a type so far.
    public func asked<A: Ask>(_ type: A.Type) throws -> [A] {
        try state.withLock { $0.asked }.filter { $0.name == A.name }.map { try $0.body.decoded() }
    }

    public func types(of stream: StreamName) -> [String] { state.withLock { $0.events[stream, default: []].map(\.wire.type) } }
    public var rows: [SQL] { state.withLock { $0.rows } }
    public var messages: [Commit.OutgoingMessage] { state.withLock { $0.messages } }

    public func services(_ module: String, settings: SettingValues = SettingValues(), ports: Ports = Ports()) -> Services {
        Services(
            module: module, store: store, bus: bus, vault: vault, directory: directory, ports: ports, settings: settings,
            log: Log { _, _, _ in },
            clock: { [now] in now })
    }

    private var bus: Bus {
        Bus { [self] name, _, body, _ in
            let answer = state.withLock { state in
                state.asked.append((name, body))
                return state.answers[name]
            }
            guard let answer else { throw AskFailure.timedOut(name: name) }
            return try await answer(body)
        }
    }

    private var store: Store {
        Store(
            state: { [self] stream, _ in (state.withLock { $0.states[stream] }.map(LoadResult.state) ?? .nothing, epoch: 1) },
            history: { [self] stream, from, limit in
                Array(state.withLock { $0.events[stream, default: []] }.dropFirst(from - 1).prefix(limit))
            },
            commit: { [self] in try commit($0) }, query: { [self] in rows(of: $0) }, read: { [self] queries in queries.map(rows) },
            run: { [self] rows in
                state.withLock { $0.rows += rows }
                return rows.map { _ in [] }
            },
            lockStream: { [self] stream in
                let line = line(for: stream)
                try await line.take()
                return StreamLock { line.put(()) }
            }, holds: { _ in "TRUE" })
    }

    private func line(for stream: StreamName) -> WaitQueue<Void> {
        state.withLock { state in
            let line = state.lines[stream] ?? WaitQueue([()], timeout: .seconds(10), limit: 1_000, refusal: CommitFailure.versionConflict)
            state.lines[stream] = line
            return line
        }
    }

    private func commit(_ commit: Commit) throws {
        try state.withLock { state in
            if let failure = state.failure {
                if state.successes == 0 { state.failure = nil; throw failure }
                state.successes -= 1
            }
            guard commit.credentials ?? 1 == 1 else { throw CommitFailure.credentialsChanged }
            for append in commit.appends where (state.states[append.stream]?.version ?? 0) != append.expected {
                throw CommitFailure.versionConflict
            }
            var claims = state.claims
            for claim in commit.appends.flatMap(\.claims) {
                switch claim {
                case .take(let kind, let value):
                    guard claims.insert("\(kind) \(value)").inserted else { throw CommitFailure.claimTaken(kind: kind) }
                case .release(let kind, let value): claims.remove("\(kind) \(value)")
                }
            }
            state.claims = claims
            for append in commit.appends {
                let stored = append.state ?? state.states[append.stream]?.state ?? .null
                state.states[append.stream] = StoredState(
                    version: append.version, schemaVersion: append.schemaVersion, state: stored, changedAt: append.at)
                state.events[append.stream, default: []] += append.events.enumerated().map { place, event in
                    StoredEvent(
                        stream: append.stream, version: append.expected + place + 1, wire: event.wire, at: append.at, org: append.org)
                }
            }
            state.rows += commit.rows
            state.messages += commit.messages
        }
    }

    private var vault: Vault {
        Vault(
            seal: { secret, _, _ in String(decoding: secret, as: UTF8.self) }, open: { sealed, _, _ in Array(sealed.utf8) }, sha256: { $0 },
            hmac: { message, _ in message }, blindIndexes: { message, _ in [message] },
            sealUnder: { _, secret, _ in String(decoding: secret, as: UTF8.self) }, openUnder: { _, sealed, _ in Array(sealed.utf8) },
            random: { Array(repeating: 7, count: $0) })
    }

    private var directory: CredentialStore {
        CredentialStore(
            registerKey: { _, _, _, _ in [] }, revokeKeys: { _ in [] }, revokeAccessKeys: { _ in [] },
            revocation: { _, _ in "SELECT 0 AS epoch WHERE FALSE" }, validKey: { _, _, _ in "SELECT 1 AS one" },
            linkEmail: { _, _, _ in [] },
            signIn: { _ in "SELECT 'contact' AS standing, FALSE AS has_signed_in WHERE FALSE" }, suspend: { _, _, _ in [] },
            suspensions: { _ in "SELECT '' AS org_id WHERE FALSE" }, forget: { _ in [] })
    }
}
