/// Why a text is not acceptable JSON.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    /// The position, in bytes from the start.
    public let offset: Int
    public var description: String { "\(reason) at byte \(offset)" }
}

extension JSON {
    /// Parses one JSON text (RFC 8259). Stricter where leniency helps an attacker: a duplicate member, U+0000 (which PostgreSQL cannot
    /// store) and nesting beyond `depth` levels are errors.
    public static func parse(_ bytes: some Sequence<UInt8>, depth: Int = 32) throws(JSONError) -> JSON {
        var parser = JSONParser(bytes: Array(bytes), depth: depth)
        return try parser.document()
    }

    public static func parse(_ text: String, depth: Int = 32) throws(JSONError) -> JSON {
        try parse(text.utf8, depth: depth)
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let depth: Int
    var at = 0

    init(bytes: [UInt8], depth: Int) { (self.bytes, self.depth) = (bytes, depth) }

    mutating func document() throws(JSONError) -> JSON {
        let value = try value(level: 0)
        skipBlanks()
        guard at == bytes.count else { throw error("there is text after the value") }
        return value
    }

    func error(_ reason: String) -> JSONError { JSONError(reason: reason, offset: at) }

    mutating func skipBlanks() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 { at += 1 }
    }

    mutating func value(level: Int) throws(JSONError) -> JSON {
        skipBlanks()
        guard at < bytes.count else { throw error("the text ends where a value should be") }
        guard level <= depth else { throw error("the nesting is deeper than \(depth) levels") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return .object(try object(level: level))
        case UInt8(ascii: "["): return .array(try array(level: level))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        let length = word.utf8CodeUnitCount
        guard at + length <= bytes.count else { throw error("this is not JSON") }
        for offset in 0..<length where bytes[at + offset] != word.utf8Start[offset] { throw error("this is not JSON") }
        at += length
        return value
    }

    mutating func object(level: Int) throws(JSONError) -> JSON.Object {
        at += 1
        var object = JSON.Object()
        skipBlanks()
        if take("}") { return object }
        while true {
            skipBlanks()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw error("a member name is missing") }
            let key = try string()
            skipBlanks()
            guard take(":") else { throw error("a colon is missing") }
            guard object[key] == nil else { throw error("the member '\(key)' stands twice") }
            object[key] = try value(level: level + 1)
            skipBlanks()
            if take("}") { return object }
            guard take(",") else { throw error("a comma or a closing brace is missing") }
        }
    }

    mutating func array(level: Int) throws(JSONError) -> [JSON] {
        at += 1
        var items: [JSON] = []
        skipBlanks()
        if take("]") { return items }
        while true {
            items.append(try value(level: level + 1))
            skipBlanks()
            if take("]") { return items }
            guard take(",") else { throw error("a comma or a closing bracket is missing") }
        }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }
}

extension JSONParser {
    mutating func string() throws(JSONError) -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 { at += 1 }
        guard at < bytes.count else { throw error("a text is not closed") }
        if bytes[at] == UInt8(ascii: "\"") {
            defer { at += 1 }
            return try text(bytes[start..<at])
        }
        return try escaped(Array(bytes[start..<at]))
    }

    private func text(_ slice: ArraySlice<UInt8>) throws(JSONError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw error("a text is not UTF-8") }
        return text
    }

    /// Reads the rest of a text that contains escapes, after `head`.
    private mutating func escaped(_ head: [UInt8]) throws(JSONError) -> String {
        var unescaped = head
        while at < bytes.count {
            let byte = bytes[at]
            guard byte >= 0x20 else { throw error("a control character is not escaped") }
            at += 1
            if byte == UInt8(ascii: "\"") { return try text(unescaped[...]) }
            guard byte == UInt8(ascii: "\\") else { unescaped.append(byte); continue }
            unescaped.append(contentsOf: try escape().utf8)
        }
        throw error("a text is not closed")
    }

    private mutating func escape() throws(JSONError) -> String {
        guard at < bytes.count else { throw error("a text is not closed") }
        defer { at += 1 }
        switch bytes[at] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicode()
        default: throw error("an unknown escape")
        }
    }

    /// Reads a `\u` escape, including a surrogate pair. Leaves `at` on its last digit.
    private mutating func unicode() throws(JSONError) -> String {
        let first = try hex()
        if first == 0 { throw error("U+0000 is not allowed in a text") }
        guard (0xD800..<0xE000).contains(first) else {
            guard let scalar = Unicode.Scalar(first) else { throw error("a broken escape") }
            return String(Character(scalar))
        }
        guard first < 0xDC00, at + 2 < bytes.count, bytes[at + 1] == UInt8(ascii: "\\"), bytes[at + 2] == UInt8(ascii: "u") else {
            throw error("half a surrogate pair")
        }
        at += 2
        let second = try hex()
        guard (0xDC00..<0xE000).contains(second), let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)) else {
            throw error("half a surrogate pair")
        }
        return String(Character(scalar))
    }

    private mutating func hex() throws(JSONError) -> UInt32 {
        guard at + 4 < bytes.count, let code = UInt32(String(decoding: bytes[(at + 1)...(at + 4)], as: UTF8.self), radix: 16),
            bytes[at + 1] != UInt8(ascii: "+"), bytes[at + 1] != UInt8(ascii: "-")
        else { throw error("a broken escape") }
        at += 4
        return code
    }

    mutating func number() throws(JSONError) -> JSON {
        let start = at
        _ = take("-")
        let leading = at
        digits()
        guard at > leading else { throw error("this is not JSON") }
        if bytes[leading] == UInt8(ascii: "0"), at > leading + 1 { throw error("a number starts with 0") }
        var isWhole = true
        if take(".") { isWhole = false; try needDigits() }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            try needDigits()
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .int(whole) }
        guard let number = Double(text), number.isFinite else { throw error("a number is too large") }
        return .double(number)
    }

    private mutating func digits() {
        while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
    }

    private mutating func needDigits() throws(JSONError) {
        let start = at
        digits()
        guard at > start else { throw error("a digit is missing") }
    }
}
