extension JSON {
    /// The compact JSON text of this value, as UTF-8.
    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.out
    }

    /// The compact JSON text of this value.
    public var encoded: String { String(decoding: bytes, as: UTF8.self) }
}

private struct JSONWriter {
    var out: [UInt8] = []

    init() { out.reserveCapacity(256) }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: write("null")
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): write(String(number))
        case .double(let number): write(number.isFinite ? "\(number)" : "null")
        case .string(let text): quote(text)
        case .array(let items): write(items)
        case .object(let object): write(object)
        }
    }

    private mutating func write(_ text: String) { out.append(contentsOf: text.utf8) }

    private mutating func write(_ items: [JSON]) {
        out.append(UInt8(ascii: "["))
        let borrowed = items.span
        for place in borrowed.indices {
            if place > 0 { out.append(UInt8(ascii: ",")) }
            write(borrowed[place])
        }
        out.append(UInt8(ascii: "]"))
    }

    private mutating func write(_ object: JSON.Object) {
        out.append(UInt8(ascii: "{"))
        let borrowed = object.places.span
        var isFirst = true
        for place in borrowed.indices where !borrowed[place].isRemoved {
            if !isFirst { out.append(UInt8(ascii: ",")) }
            isFirst = false
            quote(borrowed[place].key)
            out.append(UInt8(ascii: ":"))
            write(borrowed[place].value)
        }
        out.append(UInt8(ascii: "}"))
    }

    private mutating func quote(_ text: String) {
        out.append(UInt8(ascii: "\""))
        let bytes = text.utf8.span
        var copied = 0
        for place in bytes.indices {
            let byte = bytes[place]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            copy(bytes.extracting(copied..<place))
            escape(byte)
            copied = place + 1
        }
        copy(bytes.extracting(copied...))
        out.append(UInt8(ascii: "\""))
    }

    private mutating func copy(_ bytes: Span<UInt8>) { bytes.withUnsafeBufferPointer { out.append(contentsOf: $0) } }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case 0x0A: write("\\n")
        case 0x0D: write("\\r")
        case 0x09: write("\\t")
        default: write("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
        }
    }
}
