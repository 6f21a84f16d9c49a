extension JSON {
    /// Encodes a Codable value: numbers stay exact, absent optionals are left out.
    public init(encoding value: some Encodable) throws {
        let slot = Slot()
        try value.encode(to: ValueEncoder(slot: slot, codingPath: []))
        self = slot.json
    }
}

/// Receives what an encoder writes. It is a class because Codable passes encoders around by reference.
private final class Slot {
    private enum Kind { case value, list, keyed }
    private enum Part {
        case value(JSON)
        case slot(Slot)
        var json: JSON {
            switch self {
            case .value(let json): json
            case .slot(let slot): slot.json
            }
        }
    }
    private var kind = Kind.value
    private var value = JSON.null
    /// The keys of the parts of an object.
    private var keys: [String] = []
    private var parts: [Part] = []

    var count: Int { parts.count }

    var json: JSON {
        switch kind {
        case .value: return value
        case .list: return .array(parts.map(\.json))
        case .keyed:
            var object = JSON.Object()
            for place in parts.indices { object[keys[place]] = parts[place].json }
            return .object(object)
        }
    }

    func set(_ value: JSON) { (kind, self.value) = (.value, value) }
    func becomeList() { become(.list) }
    func becomeKeyed() { become(.keyed) }

    /// Asked for twice, a container goes on; another kind begins anew.
    private func become(_ kind: Kind) {
        guard kind != self.kind else { return }
        (self.kind, keys, parts) = (kind, [], [])
    }

    func add(_ value: JSON) { parts.append(.value(value)) }
    func add(_ value: JSON, for key: String) {
        keys.append(key)
        parts.append(.value(value))
    }

    func next() -> Slot {
        let slot = Slot()
        parts.append(.slot(slot))
        return slot
    }
    func member(_ key: String) -> Slot {
        keys.append(key)
        return next()
    }
}

private struct ValueEncoder: Encoder {
    let slot: Slot
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.becomeKeyed()
        return KeyedEncodingContainer(Keyed<Key>(slot: slot, codingPath: codingPath))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.becomeList()
        return Unkeyed(slot: slot, codingPath: codingPath)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { Single(slot: slot, codingPath: codingPath) }

    /// Returns the JSON of a value that has no parts; nil for others.
    static func leaf(_ value: some Encodable) -> JSON? {
        switch value {
        case let json as JSON: json
        case let text as String: .string(text)
        case let number as Int: .int(Int64(number))
        case let number as Int64: .int(number)
        case let flag as Bool: .bool(flag)
        case let number as Double: .double(number)
        default: nil
        }
    }

    struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let slot: Slot
        let codingPath: [any CodingKey]
        func encodeNil(forKey key: Key) { slot.add(.null, for: key.stringValue) }
        // The kinds that most members have need not be found out.
        func encode(_ value: String, forKey key: Key) { slot.add(.string(value), for: key.stringValue) }
        func encode(_ value: Bool, forKey key: Key) { slot.add(.bool(value), for: key.stringValue) }
        func encode(_ value: Int, forKey key: Key) { slot.add(.int(Int64(value)), for: key.stringValue) }
        func encode(_ value: Int64, forKey key: Key) { slot.add(.int(value), for: key.stringValue) }
        func encode(_ value: some Encodable, forKey key: Key) throws {
            if let leaf = leaf(value) { return slot.add(leaf, for: key.stringValue) }
            try value.encode(to: ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key]))
        }
        func nestedContainer<N: CodingKey>(keyedBy: N.Type, forKey key: Key) -> KeyedEncodingContainer<N> {
            ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key]).container(keyedBy: N.self)
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key]).unkeyedContainer()
        }
        func superEncoder() -> any Encoder { ValueEncoder(slot: slot.member("super"), codingPath: codingPath) }
        func superEncoder(forKey key: Key) -> any Encoder {
            ValueEncoder(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
        }
    }

    struct Unkeyed: UnkeyedEncodingContainer {
        let slot: Slot
        let codingPath: [any CodingKey]
        var count: Int { slot.count }
        func encodeNil() { slot.add(.null) }
        func encode(_ value: some Encodable) throws {
            if let leaf = leaf(value) { return slot.add(leaf) }
            try value.encode(to: ValueEncoder(slot: slot.next(), codingPath: codingPath))
        }
        func nestedContainer<N: CodingKey>(keyedBy: N.Type) -> KeyedEncodingContainer<N> {
            ValueEncoder(slot: slot.next(), codingPath: codingPath).container(keyedBy: N.self)
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            ValueEncoder(slot: slot.next(), codingPath: codingPath).unkeyedContainer()
        }
        func superEncoder() -> any Encoder { ValueEncoder(slot: slot.next(), codingPath: codingPath) }
    }

    struct Single: SingleValueEncodingContainer {
        let slot: Slot
        let codingPath: [any CodingKey]
        func encodeNil() { slot.set(.null) }
        func encode(_ value: String) { slot.set(.string(value)) }
        func encode(_ value: Bool) { slot.set(.bool(value)) }
        func encode(_ value: Int) { slot.set(.int(Int64(value))) }
        func encode(_ value: Int64) { slot.set(.int(value)) }
        func encode(_ value: some Encodable) throws {
            if let leaf = leaf(value) {
                slot.set(leaf)
            } else if let number = value as? any BinaryInteger & Encodable, let whole = Int64(exactly: number) {
                slot.set(.int(whole))
            } else if let number = value as? Float {
                slot.set(.double(Double(number)))
            } else {
                try value.encode(to: ValueEncoder(slot: slot, codingPath: codingPath))
            }
        }
    }
}
