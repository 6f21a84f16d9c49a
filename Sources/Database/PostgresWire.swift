import CPostgres
import Glibc
import Kernel

/// How to reach a PostgreSQL server.
public struct PostgresSettings: Sendable {
    /// A libpq connection string or URI.
    public let conninfo: String
    /// The time limit of a round trip, and of connecting, which is also limited to 5 s.
    public let timeout: Duration
    /// Whether a commit waits for the disk (`synchronous_commit`).
    public let isDurable: Bool
    /// The process as which the connections write to states and credentials; nil for connections that do not.
    public let process: WritingProcess?
    public init(conninfo: String, timeout: Duration = .seconds(10), isDurable: Bool = true, process: WritingProcess? = nil) {
        self.conninfo = conninfo
        self.timeout = timeout
        self.isDurable = isDurable
        self.process = process
    }
}

/// The libpq side of a connection. Confined to the thread of its actor.
final class PostgresWire {
    private let handle: OpaquePointer
    private let timeout: Duration
    private var prepared: [String: String] = [:]
    private(set) var isBroken = false
    private static let preparedLimit = 400

    init(_ settings: PostgresSettings) throws {
        timeout = settings.timeout
        let milliseconds = timeout.milliseconds
        let keywords = ["dbname", "application_name", "options", "tcp_user_timeout", "client_encoding"]
        let values = [
            settings.conninfo, "spkey",
            (settings.isDurable ? "" : "-c synchronous_commit=off ")
                + "-c statement_timeout=\(milliseconds) -c lock_timeout=\(milliseconds / 2) -c idle_in_transaction_session_timeout=3000 "
                // Statements are prepared once, with generic plans: plans made for single values have sorted whole backlogs.
                + "-c plan_cache_mode=force_generic_plan -c client_min_messages=warning",
            "\(milliseconds)", "UTF8",
        ]
        var names = keywords.map { UnsafePointer(strdup($0)) } + [nil], texts = values.map { UnsafePointer(strdup($0)) } + [nil]
        defer { for pointer in names + texts { free(UnsafeMutablePointer(mutating: pointer)) } }
        guard let handle = PQconnectStartParams(&names, &texts, 1) else { throw DatabaseError.unreachable("out of memory") }
        self.handle = handle
        try connect(by: .now + min(timeout, .seconds(5)))
        PQsetnonblocking(handle, 1)
        if let process = settings.process { try join(as: process) }
    }

    /// Takes the locks of the process, and waits until no other process believes to be alone.
    private func join(as process: WritingProcess) throws {
        let answers = try pipeline(process.locks + [WritingProcess.isKnown], endsInCommit: false)
        guard let row = answers.last?.rows.first, try row.read("is_known") else { return }
        let end = ContinuousClock.now + WritingProcess.longestWait
        guard try mustWait(for: process) else { return }
        _ = try pipeline([WritingProcess.announcement], endsInCommit: false)
        while try mustWait(for: process), .now < end { usleep(2_000) }
    }

    private func mustWait(for process: WritingProcess) throws -> Bool {
        try !pipeline([process.others], endsInCommit: false)[0].rows.isEmpty
    }

    deinit { PQfinish(handle) }

    private func connect(by deadline: ContinuousClock.Instant) throws {
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            guard state != PGRES_POLLING_FAILED, PQstatus(handle) != CONNECTION_BAD else { throw DatabaseError.unreachable(message) }
            guard wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline) else {
                throw DatabaseError.unreachable("the server did not answer in time")
            }
            state = PQconnectPoll(handle)
        }
    }

    private var message: String { String(cString: PQerrorMessage(handle)).split(separator: "\n").joined(separator: "; ") }

    var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

    /// Whether the connection is open as far as the socket knows: an idle connection has nothing to read but its end.
    var isAlive: Bool {
        if isBroken { return false }
        var socket = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        guard poll(&socket, 1, 0) > 0 else { return true }
        return PQconsumeInput(handle) == 1 && PQstatus(handle) == CONNECTION_OK
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            guard left > 0 else { return false }
            var socket = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
            let ready = poll(&socket, 1, Int32(clamping: left))
            if ready > 0 { return true }
            if ready == 0 || errno != EINTR { return false }
        }
    }

    /// Sends all statements at once and reads all answers. Throws the first error after reading the rest.
    func pipeline(_ statements: [SQL], endsInCommit: Bool) throws -> [Rows] {
        let deadline = ContinuousClock.now + timeout
        if prepared.count > Self.preparedLimit { try forget(by: deadline) }
        guard PQenterPipelineMode(handle) == 1 else { throw broken(.unreachable(message)) }
        var fresh: [Int: (name: String, text: String)] = [:]
        for (place, statement) in statements.enumerated() {
            if let new = try prepare(statement.text, among: fresh) { fresh[place] = new }
            let name = prepared[statement.text] ?? fresh.values.first { $0.text == statement.text }!.name
            try send(name, statement.values)
        }
        guard PQpipelineSync(handle) == 1 else { throw broken(.unreachable(message)) }
        try flush(by: deadline)
        return try collect(statements, fresh, endsInCommit: endsInCommit, by: deadline)
    }

    private func prepare(_ text: String, among fresh: [Int: (name: String, text: String)]) throws -> (name: String, text: String)? {
        guard prepared[text] == nil, !fresh.values.contains(where: { $0.text == text }) else { return nil }
        let name = "s\(prepared.count + fresh.count)_\(UInt32.random(in: 0...UInt32.max))"
        guard PQsendPrepare(handle, name, text, 0, nil) == 1 else { throw broken(.unreachable(message)) }
        return (name, text)
    }

    private func forget(by deadline: ContinuousClock.Instant) throws {
        prepared = [:]
        guard PQsendQuery(handle, "DEALLOCATE ALL") == 1 else { throw broken(.unreachable(message)) }
        try flush(by: deadline)
        while let result = try next(by: deadline) { PQclear(result) }
    }

    private func send(_ name: String, _ values: [SQLValue]) throws {
        var texts = values.map { $0.postgres.map { UnsafePointer(strdup($0)) } ?? nil }
        defer { for pointer in texts { free(UnsafeMutablePointer(mutating: pointer)) } }
        guard PQsendQueryPrepared(handle, name, Int32(values.count), &texts, nil, nil, 0) == 1 else { throw broken(.unreachable(message)) }
    }

    private func flush(by deadline: ContinuousClock.Instant) throws {
        while true {
            let state = PQflush(handle)
            if state == 0 { return }
            guard state == 1, wait(for: POLLIN | POLLOUT, until: deadline), PQconsumeInput(handle) == 1 else {
                throw broken(.unreachable(message))
            }
        }
    }

    private func collect(
        _ statements: [SQL], _ fresh: [Int: (name: String, text: String)], endsInCommit: Bool, by deadline: ContinuousClock.Instant
    ) throws -> [Rows] {
        var answers: [Rows] = [], failure: DatabaseError?
        do {
            for place in statements.indices {
                if let new = fresh[place] {
                    if let error = try answer(by: deadline).error { failure = failure ?? error } else { prepared[new.text] = new.name }
                }
                let (rows, error) = try answer(by: deadline)
                failure = failure ?? error
                answers.append(rows)
            }
            let last = try finish(by: deadline)
            failure = failure ?? last
        } catch let lost as DatabaseError {
            // A failed statement has rolled everything back; otherwise the COMMIT may have been executed.
            throw failure ?? (endsInCommit ? .outcomeUnknown : lost)
        }
        if let failure { throw failure }
        return answers
    }

    /// Reads the answer to one command of the pipeline and the separator after it.
    private func answer(by deadline: ContinuousClock.Instant) throws -> (rows: Rows, error: DatabaseError?) {
        guard let result = try next(by: deadline) else { throw broken(.unreachable("the server broke off")) }
        defer { PQclear(result) }
        let outcome = PostgresResult(result)
        if PQstatus(handle) == CONNECTION_BAD { throw broken(.unreachable(message)) }
        while let rest = try next(by: deadline) { PQclear(rest) }
        return (outcome.rows, outcome.error)
    }

    /// Reads the end of the pipeline; an error here is an error of the COMMIT.
    private func finish(by deadline: ContinuousClock.Instant) throws -> DatabaseError? {
        var failure: DatabaseError?
        while let result = try next(by: deadline) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC { break }
            failure = failure ?? PostgresResult(result).error
        }
        guard PQexitPipelineMode(handle) == 1 else { throw broken(.unreachable(message)) }
        return failure
    }

    private func next(by deadline: ContinuousClock.Instant) throws -> OpaquePointer? {
        while PQisBusy(handle) == 1 {
            guard wait(for: POLLIN, until: deadline) else { throw broken(.timedOut) }
            guard PQconsumeInput(handle) == 1 else { throw broken(.unreachable(message)) }
        }
        return PQgetResult(handle)
    }

    private func broken(_ error: DatabaseError) -> DatabaseError {
        isBroken = true
        return error
    }
}
