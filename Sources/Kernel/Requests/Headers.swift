/// The headers of a request. There are few of them and few are read, so they are searched and not hashed.
public struct Headers: Sendable, ExpressibleByDictionaryLiteral {
    /// In the order in which they came.
    public let all: [(name: String, value: String)]

    /// - Parameter fields: with names in lower case.
    public init(_ fields: [(name: String, value: String)]) { all = fields }
    public init(dictionaryLiteral fields: (String, String)...) { self.init(fields.map { (name: $0.0, value: $0.1) }) }

    /// The value of the last header of a name in lower case; nil when there is none.
    public subscript(_ name: String) -> String? { all.last { $0.name == name }?.value }
}
