extension JSON {
    /// Decodes a Codable value. Whole numbers must fit their type; nothing is coerced.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try ValueDecoder(value: self, codingPath: []).read(type)
    }
}

private struct ValueDecoder: Decoder {
    let value: JSON
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func mismatch(_ type: Any.Type) -> DecodingError {
        .typeMismatch(type, .init(codingPath: codingPath, debugDescription: "not a \(type): \(value.encoded.prefix(60))"))
    }

    func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let read: Any?
        switch type {
        case is JSON.Type: read = value
        case is String.Type: read = value.text
        case is Bool.Type: read = value.boolean
        case is Int.Type: read = value.integer.flatMap { Int(exactly: $0) }
        case is Int64.Type: read = value.integer
        case is Double.Type: read = value.number
        default: return try Value(from: self)
        }
        guard let read = read as? Value else { throw mismatch(type) }
        return read
    }

    func text() throws -> String {
        guard case .string(let text) = value else { throw mismatch(String.self) }
        return text
    }
    func flag() throws -> Bool {
        guard case .bool(let flag) = value else { throw mismatch(Bool.self) }
        return flag
    }
    func whole<Number: FixedWidthInteger>() throws -> Number {
        guard case .int(let whole) = value, let number = Number(exactly: whole) else { throw mismatch(Number.self) }
        return number
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = value else { throw mismatch(JSON.Object.self) }
        return KeyedDecodingContainer(Keyed<Key>(object: object, codingPath: codingPath))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let items) = value else { throw mismatch([JSON].self) }
        return Unkeyed(items: items, codingPath: codingPath)
    }
    func singleValueContainer() -> any SingleValueDecodingContainer { Single(decoder: self) }

    struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let object: JSON.Object
        let codingPath: [any CodingKey]
        var allKeys: [Key] { object.keys.compactMap(Key.init(stringValue:)) }
        func contains(_ key: Key) -> Bool { object[key.stringValue] != nil }
        func decodeNil(forKey key: Key) -> Bool {
            switch object[key.stringValue] {
            case nil, .null?: true
            default: false
            }
        }
        // The kinds that most members have need not be found out.
        func decode(_ type: String.Type, forKey key: Key) throws -> String { try member(key).text() }
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try member(key).flag() }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try member(key).whole() }
        func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try member(key).whole() }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value { try member(key).read(type) }
        func nestedContainer<N: CodingKey>(keyedBy: N.Type, forKey key: Key) throws -> KeyedDecodingContainer<N> {
            try member(key).container(keyedBy: N.self)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { try member(key).unkeyedContainer() }
        func superDecoder() -> any Decoder { ValueDecoder(value: .object(object), codingPath: codingPath) }
        func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }

        private func member(_ key: Key) throws -> ValueDecoder {
            guard let value = object[key.stringValue] else {
                throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "no \(key.stringValue)"))
            }
            return ValueDecoder(value: value, codingPath: codingPath + [key])
        }
    }

    struct Unkeyed: UnkeyedDecodingContainer {
        let items: [JSON]
        let codingPath: [any CodingKey]
        var currentIndex = 0
        var count: Int? { items.count }
        var isAtEnd: Bool { currentIndex >= items.count }

        init(items: [JSON], codingPath: [any CodingKey]) { (self.items, self.codingPath) = (items, codingPath) }

        private mutating func next() throws -> ValueDecoder {
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(JSON.self, .init(codingPath: codingPath, debugDescription: "the list ends"))
            }
            defer { currentIndex += 1 }
            return ValueDecoder(value: items[currentIndex], codingPath: codingPath)
        }
        mutating func decodeNil() -> Bool {
            guard !isAtEnd, items[currentIndex].isNull else { return false }
            currentIndex += 1
            return true
        }
        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().read(type) }
        mutating func nestedContainer<N: CodingKey>(keyedBy: N.Type) throws -> KeyedDecodingContainer<N> {
            try next().container(keyedBy: N.self)
        }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
        mutating func superDecoder() throws -> any Decoder { try next() }
    }

    struct Single: SingleValueDecodingContainer {
        let decoder: ValueDecoder
        var codingPath: [any CodingKey] { decoder.codingPath }
        func decodeNil() -> Bool { if case .null = decoder.value { true } else { false } }
        func decode(_ type: String.Type) throws -> String { try decoder.text() }
        func decode(_ type: Bool.Type) throws -> Bool { try decoder.flag() }
        func decode(_ type: Int.Type) throws -> Int { try decoder.whole() }
        func decode(_ type: Int64.Type) throws -> Int64 { try decoder.whole() }
        func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            if let kind = type as? any FixedWidthInteger.Type {
                guard let whole = decoder.value.integer, let number = narrow(whole, to: kind) as? Value else {
                    throw decoder.mismatch(type)
                }
                return number
            }
            return try decoder.read(type)
        }
        private func narrow<Number: FixedWidthInteger>(_ whole: Int64, to: Number.Type) -> Number? { Number(exactly: whole) }
    }
}

/// Untyped documents are carried inside Codable messages unchanged.
extension JSON: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = (container as? ValueDecoder.Single)?.decoder.value else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "JSON is read by JSON.decoded only")
        }
        self = value
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(encoded)
    }
}
