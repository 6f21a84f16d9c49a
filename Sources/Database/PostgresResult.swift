import CPostgres
import Kernel

/// A libpq result as values. Columns are converted according to their type; unknown types stay text.
struct PostgresResult {
    let rows: Rows
    let error: DatabaseError?

    init(_ result: OpaquePointer) {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE:
            rows = Self.tuples(result)
            error = nil
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_PIPELINE_SYNC:
            rows = Rows(rows: [], affected: Int(String(cString: PQcmdTuples(result))) ?? 0)
            error = nil
        case PGRES_PIPELINE_ABORTED:
            rows = Rows(rows: [], affected: 0)
            error = .statement(state: "25P02", message: "an earlier statement of the transaction failed")
        default:
            rows = Rows(rows: [], affected: 0)
            error = Self.failure(result)
        }
    }

    private static func tuples(_ result: OpaquePointer) -> Rows {
        let columns = (0..<PQnfields(result)).map { String(cString: PQfname(result, $0)) }
        let types = (0..<PQnfields(result)).map { PQftype(result, $0) }
        let rows = (0..<PQntuples(result)).map { row in
            Row(columns: columns, values: types.indices.map { value(result, row, Int32($0), types[$0]) })
        }
        return Rows(rows: rows, affected: rows.count)
    }

    private static func value(_ result: OpaquePointer, _ row: Int32, _ column: Int32, _ type: Oid) -> SQLValue {
        if PQgetisnull(result, row, column) == 1 { return .null }
        let text = String(cString: PQgetvalue(result, row, column))
        switch type {
        case 20, 21, 23: return Int64(text).map(SQLValue.int) ?? .text(text)  // int8, int2, int4
        case 700, 701, 1700: return Double(text).map(SQLValue.double) ?? .text(text)  // float4, float8, numeric
        case 16: return .bool(text == "t")
        case 17: return .bytes(bytes(hex: text.dropFirst(2)))  // bytea, as \x…
        default: return .text(text)
        }
    }

    private static func bytes(hex text: Substring) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for digit in text.utf8 {
            let nibble = digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
            if let first = high { out.append(first << 4 | nibble); high = nil } else { high = nibble }
        }
        return out
    }

    private static func failure(_ result: OpaquePointer) -> DatabaseError {
        func field(_ code: Unicode.Scalar) -> String { PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) } ?? "" }
        let state = field("C"), message = field("M")
        switch state {
        case "23505": return .unique(constraint: field("n"))
        case "23514": return .check(field("n"))
        case "40001", "40P01", "55P03": return .contention(message)
        case "57014": return .timedOut
        case "57P01", "57P02", "57P03", "53300", "08000", "08003", "08006", "": return .unreachable(message)
        default: return .statement(state: state, message: message)
        }
    }
}

extension SQLValue {
    /// The text form that PostgreSQL reads; nil for NULL.
    var postgres: String? {
        switch self {
        case .null: nil
        case .int(let number): String(number)
        case .double(let number): "\(number)"
        case .bool(let flag): flag ? "t" : "f"
        case .text(let text): text
        case .bytes(let bytes): "\\x" + Hexadecimal.encode(bytes)
        case .ints(let numbers): "{" + numbers.map(String.init).joined(separator: ",") + "}"
        case .texts(let texts): "{" + texts.map(SQLValue.element).joined(separator: ",") + "}"
        }
    }

    /// An element of an array literal (PostgreSQL, "Array Input and Output Syntax").
    private static func element(_ text: String?) -> String {
        guard let text else { return "NULL" }
        var out: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
            out.append(byte)
        }
        out.append(UInt8(ascii: "\""))
        return String(decoding: out, as: UTF8.self)
    }
}
