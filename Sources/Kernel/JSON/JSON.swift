/// A JSON value whose integers stay exact and whose objects keep the order of their members.
///
/// Texts and the names of members are compared byte by byte.
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object(Object)
}

extension JSON: Hashable {
    public static func == (a: JSON, b: JSON) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .int(let number): hasher.combine(number)
        case .double(let number): hasher.combine(number)
        case .string(let text): hasher.combine(ExactText(text))
        case .array(let items): hasher.combine(items)
        case .object(let object): hasher.combine(object)
        }
    }
}

extension JSON {
    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var integer: Int64? { if case .int(let number) = self { number } else { nil } }
    public var boolean: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    public var items: [JSON]? { if case .array(let items) = self { items } else { nil } }
    public var members: Object? { if case .object(let object) = self { object } else { nil } }

    /// The value as a floating-point number, whether or not it has a fraction.
    public var number: Double? {
        switch self {
        case .int(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }

    public var isNull: Bool { if case .null = self { true } else { false } }

    /// Returns the member of an object; nil for other values and absent members.
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
    /// The members of a JSON object in the order in which they were written. An edit takes constant time, however many members there are.
    public struct Object: Sendable {
        public struct Member: Sendable, Hashable {
            public let key: String
            public var value: JSON
            /// Whether this is the empty place of a removed member.
            fileprivate(set) var isRemoved = false

            public static func == (a: Member, b: Member) -> Bool { a.key.hasSameBytes(as: b.key) && a.value == b.value }
        }

        /// The members in order. A removed member leaves an empty place until there are more empty places than members.
        private(set) var places: [Member] = []
        public private(set) var count = 0
        /// Positions by key, kept only when a scan would cost more than hashing.
        private var index: [ExactText: Int] = [:]
        private static let scanned = 12

        public init() {}

        public var isEmpty: Bool { count == 0 }
        public var members: [Member] { count == places.count ? places : places.filter { !$0.isRemoved } }
        public var keys: [String] { members.map(\.key) }

        public subscript(key: String) -> JSON? {
            get { position(of: key).map { places[$0].value } }
            set {
                switch (position(of: key), newValue) {
                case (let place?, let value?): places[place].value = value
                case (let place?, nil): remove(at: place)
                case (nil, let value?): append(key, value)
                case (nil, nil): break
                }
            }
        }

        /// Creates an object from members whose keys are known to differ, such as those of a literal, without looking any of them up.
        fileprivate init(distinct elements: [(String, JSON?)]) {
            places.reserveCapacity(elements.count)
            for case (let key, let value?) in elements { places.append(Member(key: key, value: value)) }
            count = places.count
            reindex()
        }

        private func position(of key: String) -> Int? {
            if places.count > Self.scanned { return index[ExactText(key)] }
            let borrowed = places.span
            for place in borrowed.indices where !borrowed[place].isRemoved && borrowed[place].key.hasSameBytes(as: key) { return place }
            return nil
        }

        private mutating func append(_ key: String, _ value: JSON) {
            places.append(Member(key: key, value: value))
            count += 1
            if places.count == Self.scanned + 1 {
                reindex()
            } else if places.count > Self.scanned {
                index[ExactText(key)] = places.count - 1
            }
        }

        private mutating func remove(at place: Int) {
            if places.count > Self.scanned { index[ExactText(places[place].key)] = nil }
            places[place] = Member(key: "", value: .null, isRemoved: true)
            count -= 1
            guard places.count > 2 * count else { return }
            places.removeAll(where: \.isRemoved)
            reindex()
        }

        private mutating func reindex() {
            index = [:]
            guard places.count > Self.scanned else { return }
            for (place, member) in places.enumerated() where !member.isRemoved { index[ExactText(member.key)] = place }
        }
    }
}

/// Two objects are equal when they have the same members in any order (RFC 8259 §4).
extension JSON.Object: Hashable {
    public static func == (a: Self, b: Self) -> Bool {
        a.count == b.count && a.allSatisfy { b[$0.key] == $0.value }
    }
    public func hash(into hasher: inout Hasher) {
        // Independent of the order: sums the hashes of the members.
        hasher.combine(reduce(into: 0) { sum, member in sum &+= member.hashValue })
    }
}

extension JSON.Object: Sequence {
    public struct Iterator: IteratorProtocol {
        fileprivate var places: ArraySlice<Member>
        public mutating func next() -> Member? {
            while let place = places.popFirst() { if !place.isRemoved { return place } }
            return nil
        }
    }
    public func makeIterator() -> Iterator { Iterator(places: places[...]) }
}

extension JSON.Object: ExpressibleByDictionaryLiteral {
    /// Members whose value is absent are left out.
    public init(dictionaryLiteral elements: (String, JSON?)...) { self.init(distinct: elements) }

    public init(_ pairs: some Sequence<(String, JSON)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    /// Returns these members followed by others; the others win when both have a key.
    public func merging(_ others: JSON.Object) -> JSON.Object {
        var merged = self
        for member in others { merged[member.key] = member.value }
        return merged
    }
}
