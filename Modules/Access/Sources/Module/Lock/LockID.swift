import Kernel

/// The number of a lock: a positive integer chosen by its operator.
struct LockID: WireValue, Hashable, CustomStringConvertible {
    let number: Int
    init(_ number: Int) { self.number = number }

    static let largest = 1 << 53 - 1
    static var schema: Schema { Schema.integer.with("minimum", 1) }
    var json: JSON { .int(Int64(number)) }
    var description: String { String(number) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> LockID? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return !reading.checksLimits || (1...largest).contains(number)
            ? LockID(number) : reading.note(path, "must be a positive whole number")
    }
}

/// Tables store the number, or the id of the lock's stream.
extension LockID: ColumnValue {
    init?(column: SQLValue) {
        switch column {
        case .int(let number): self.init(Int(number))
        case .text(let text):
            guard let number = Int(text) else { return nil }
            self.init(number)
        default: return nil
        }
    }
}

/// A serial number or vendor name in the alphabet of thing attributes: at most 800 letters, digits and `_.,@/:#=[]-`.
struct SerialNumber: StringValue {
    let text: String
    init(_ text: String) { self.text = text }

    static var maxLength: Int { 800 }
    static var schema: Schema { Schema.string.matching("^[a-zA-Z0-9_.,@/:#=[\\]-]*$").limited(max: Int64(maxLength)) }

    static func problem(with text: String) -> String? {
        let isAllowed =
            text.utf8.count <= 800
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_.,@/:#=[]-".utf8.contains(byte)
                }
            }
        return isAllowed ? nil : "must have at most 800 of the characters a-z A-Z 0-9 _ . , @ / : # = [ ] -"
    }
}
