/// A whole number from 1 to 2^31 - 1: a version, an index.
public struct PositiveInt: WireValue {
    public let number: Int
    public init(number: Int) { self.number = number }
    private static let limit = Int(Int32.max)
    public static var schema: Schema { Schema.integer.with("minimum", 1).with("maximum", .int(Int64(limit))) }
    public var json: JSON { number.json }

    public static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PositiveInt? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return (1...limit).contains(number) ? PositiveInt(number: number) : reading.note(path, "must be a whole number from 1 to \(limit)")
    }
}
