import CSQLite
import Kernel

/// One connection to a SQLite file on its own thread.
actor SQLiteConnection: TransactingConnection {
    private let executor: ThreadExecutor
    private var file: SQLiteFile?
    private let path: String
    private let schemas: [String]
    private let isWriter: Bool

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(path: String, schemas: [String], isWriter: Bool) {
        self.path = path
        self.schemas = schemas
        self.isWriter = isWriter
        executor = ThreadExecutor()
    }

    deinit { executor.stop() }

    func close() { file = nil }

    func execute(_ statements: [SQL]) throws -> [Rows] {
        let file = try self.file ?? SQLiteFile(path: path, schemas: schemas, isWriter: isWriter)
        self.file = file
        do {
            return try statements.map { statement in
                let answer = try file.run(statement)
                if statement.mustAffect, answer.affected == 0 { throw DatabaseError.unaffected(statement: statement.text) }
                return answer
            }
        } catch {
            // The system reports an I/O error of an open file only once, so later writes must not rely on this handle.
            if file.isBroken, !file.isInTransaction { self.file = nil }
            throw error
        }
    }

    func transact(_ statements: [SQL]) throws -> [Rows] {
        try begin()
        do {
            let answers = try execute(statements)
            try commit()
            return answers
        } catch {
            rollBack()
            throw error
        }
    }

    func begin() throws { _ = try execute(["BEGIN IMMEDIATE"]) }

    /// Commits. A write-ahead log that could not be synced may hold the whole transaction, and a restart may recover it.
    func commit() throws {
        do { _ = try execute(["COMMIT"]) } catch {
            throw file?.isBroken ?? true ? DatabaseError.outcomeUnknown : error
        }
    }

    func rollBack() {
        if file?.isInTransaction == true { _ = try? execute(["ROLLBACK"]) }
        if file?.isBroken == true { file = nil }
    }
}

/// The C side of a connection. Confined to the thread of its actor.
final class SQLiteFile {
    private let handle: OpaquePointer
    private let schemas: [String]
    private var statements: [String: OpaquePointer] = [:]
    /// Whether reading or writing the file has failed.
    private(set) var isBroken = false

    init(path: String, schemas: [String], isWriter: Bool) throws {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw DatabaseError.unreachable("\(path): \(message)")
        }
        (handle, self.schemas) = (opened, schemas)
        sqlite3_busy_timeout(handle, 5_000)
        for pragma in [
            "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON", isWriter ? "" : "PRAGMA query_only=ON",
        ]
        where !pragma.isEmpty {
            guard sqlite3_exec(handle, pragma, nil, nil, nil) == SQLITE_OK else { throw error() }
        }
    }

    deinit {
        forget()
        sqlite3_close_v2(handle)
    }

    /// Limits the cache, because statements whose text contains a time are numerous.
    private static let preparedLimit = 400

    private func forget() {
        for statement in statements.values { sqlite3_finalize(statement) }
        statements = [:]
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    func run(_ sql: SQL) throws -> Rows {
        let statement = try prepared(sql.text)
        defer { sqlite3_reset(statement); sqlite3_clear_bindings(statement) }
        for (place, value) in sql.values.enumerated() { bind(value, to: statement, at: Int32(place + 1)) }
        let columns = (0..<sqlite3_column_count(statement)).map { String(cString: sqlite3_column_name(statement, $0)) }
        var rows: [Row] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: rows.append(Row(columns: columns, values: columns.indices.map { value(statement, Int32($0)) }))
            case SQLITE_DONE:
                return Rows(rows: rows, affected: columns.isEmpty ? Int(sqlite3_changes(handle)) : rows.count)
            default: throw error()
            }
        }
    }

    private func prepared(_ text: String) throws -> OpaquePointer {
        if let statement = statements[text] { return statement }
        if statements.count >= Self.preparedLimit { forget() }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, translated(text), -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw error() }
        statements[text] = statement
        return statement
    }

    /// Translates the shared SQL for SQLite: `$1` would be a name here, so it becomes `?1`; schemas become table name prefixes.
    private func translated(_ text: String) -> String {
        let numbered = text.split(separator: "$", omittingEmptySubsequences: false).enumerated().map { place, part in
            place == 0 ? String(part) : (part.first?.isNumber == true ? "?" : "$") + part
        }.joined()
        return schemas.reduce(numbered) { text, schema in
            text.split(separator: "\(schema).", omittingEmptySubsequences: false).joined(separator: "\(schema)_")
        }
    }

    private func bind(_ value: SQLValue, to statement: OpaquePointer, at place: Int32) {
        switch value {
        case .null, .ints, .texts: sqlite3_bind_null(statement, place)
        case .int(let number): sqlite3_bind_int64(statement, place, number)
        case .double(let number): sqlite3_bind_double(statement, place, number)
        case .bool(let flag): sqlite3_bind_int64(statement, place, flag ? 1 : 0)
        case .text(let text): sqlite3_bind_text(statement, place, text, Int32(text.utf8.count), spkey_sqlite_transient())
        case .bytes(let bytes): sqlite3_bind_blob(statement, place, bytes, Int32(bytes.count), spkey_sqlite_transient())
        }
    }

    private func value(_ statement: OpaquePointer, _ column: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .int(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .double(sqlite3_column_double(statement, column))
        case SQLITE_TEXT: return .text(String(cString: sqlite3_column_text(statement, column)))
        case SQLITE_BLOB:
            let count = Int(sqlite3_column_bytes(statement, column))
            return .bytes(sqlite3_column_blob(statement, column).map { Array(UnsafeRawBufferPointer(start: $0, count: count)) } ?? [])
        default: return .null
        }
    }

    private func error() -> DatabaseError {
        let error = DatabaseError(sqlite: sqlite3_extended_errcode(handle), String(cString: sqlite3_errmsg(handle)))
        isBroken = isBroken || sqlite3_extended_errcode(handle) & 0xFF == SQLITE_IOERR
        return error
    }
}

extension DatabaseError {
    /// - Parameter code: an extended result code (SQLite, "Result and Error Codes"); its low byte is the kind of error.
    init(sqlite code: Int32, _ message: String) {
        switch (code, code & 0xFF) {
        case (SQLITE_CONSTRAINT_UNIQUE_, _), (SQLITE_CONSTRAINT_PRIMARYKEY_, _):
            self = .unique(constraint: String(message.split(separator: ":").last ?? "").trimmed)
        case (SQLITE_CONSTRAINT_CHECK_, _): self = .check(message)
        // Another connection holds the file, or has written since this transaction began to read.
        case (_, SQLITE_BUSY), (_, SQLITE_LOCKED), (_, SQLITE_PROTOCOL): self = .contention(message)
        // A disk or memory failure, which may pass.
        case (_, SQLITE_IOERR), (_, SQLITE_FULL), (_, SQLITE_CANTOPEN), (_, SQLITE_READONLY), (_, SQLITE_NOMEM):
            self = .unreachable(message)
        default: self = .statement(state: "\(code)", message: message)
        }
    }
}

/// `SQLITE_CONSTRAINT | n << 8`: macros that Swift does not import.
private let SQLITE_CONSTRAINT_UNIQUE_: Int32 = 19 | 8 << 8
private let SQLITE_CONSTRAINT_PRIMARYKEY_: Int32 = 19 | 6 << 8
private let SQLITE_CONSTRAINT_CHECK_: Int32 = 19 | 1 << 8
