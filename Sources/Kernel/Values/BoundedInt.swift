/// A whole number from a range.
public protocol BoundedInt: WireValue {
    static var range: ClosedRange<Int> { get }
    var number: Int { get }
    init(number: Int)
}

extension BoundedInt {
    public static var schema: Schema {
        Schema.integer.with("minimum", .int(Int64(range.lowerBound))).with("maximum", .int(Int64(range.upperBound)))
    }
    public var json: JSON { number.json }

    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Self? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        guard range.contains(number) else {
            return reading.note(path, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Self(number: number)
    }
}
