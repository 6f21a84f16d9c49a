/// A JSON value whose integers stay exact and whose objects keep the order of their members.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(Object)
}

extension JSON {
    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var integer: Int64? { if case .int(let number) = self { number } else { nil } }
    public var boolean: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var items: [JSON]? { if case .array(let items) = self { items } else { nil } }
    public var members: Object? { if case .object(let object) = self { object } else { nil } }

    /// The value as a floating-point number, whether it was written with a fraction or not.
    public var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    public var isNull: Bool { self == .null }

    /// The member of an object; nil for other values and absent members.
    public subscript(key: String) -> JSON? { members?[key] }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// Members whose value is absent are left out.
    public init(dictionaryLiteral elements: (String, JSON?)...) { self = .object(Object(distinct: elements)) }
}

extension JSON {
    /// The members of a JSON object in the order in which they were written; a lookup does not scan large objects.
    public struct Object: Sendable {
        public struct Member: Sendable, Hashable {
            public let key: String
            public var value: JSON
        }

        public private(set) var members: [Member] = []
        /// Position by key, kept only once a scan would cost more than hashing.
        private var index: [String: Int] = [:]
        private static let scanned = 12

        public init() {}

        public var count: Int { members.count }
        public var isEmpty: Bool { members.isEmpty }
        public var keys: [String] { members.map(\.key) }

        public subscript(key: String) -> JSON? {
            get { position(of: key).map { members[$0].value } }
            set {
                switch (position(of: key), newValue) {
                case (let place?, let value?): members[place].value = value
                case (let place?, nil): remove(at: place)
                case (nil, let value?): append(key, value)
                case (nil, nil): break
                }
            }
        }

        /// Members whose keys are known to differ, as those of a literal do: none is looked up.
        fileprivate init(distinct elements: [(String, JSON?)]) {
            members.reserveCapacity(elements.count)
            for case (let key, let value?) in elements { members.append(Member(key: key, value: value)) }
            reindex()
        }

        private func position(of key: String) -> Int? {
            members.count > Self.scanned ? index[key] : members.firstIndex { $0.key == key }
        }

        private mutating func append(_ key: String, _ value: JSON) {
            members.append(Member(key: key, value: value))
            if members.count == Self.scanned + 1 { reindex() } else if members.count > Self.scanned { index[key] = members.count - 1 }
        }

        private mutating func remove(at place: Int) {
            members.remove(at: place)
            reindex()
        }

        private mutating func reindex() {
            index = [:]
            guard members.count > Self.scanned else { return }
            for (place, member) in members.enumerated() { index[member.key] = place }
        }
    }
}

/// Two objects are equal when they have the same members in any order, as JSON says (RFC 8259 §4).
extension JSON.Object: Hashable {
    public static func == (a: Self, b: Self) -> Bool {
        a.count == b.count && a.members.allSatisfy { b[$0.key] == $0.value }
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(count) }
}

extension JSON.Object: Sequence {
    public func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }
}

extension JSON.Object: ExpressibleByDictionaryLiteral {
    /// Members whose value is absent are left out.
    public init(dictionaryLiteral elements: (String, JSON?)...) { self.init(distinct: elements) }

    public init(_ pairs: some Sequence<(String, JSON)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    /// These members followed by others, which win where both have a key.
    public func merging(_ others: JSON.Object) -> JSON.Object {
        var merged = self
        for member in others { merged[member.key] = member.value }
        return merged
    }
}
