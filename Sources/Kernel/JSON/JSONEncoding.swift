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
    enum Content { case value(JSON), list([Slot]), keyed([(String, Slot)]) }
    var content = Content.value(.null)

    var json: JSON {
        switch content {
        case .value(let value): return value
        case .list(let slots): return .array(slots.map(\.json))
        case .keyed(let slots):
            var object = JSON.Object()
            for (key, slot) in slots { object[key] = slot.json }
            return .object(object)
        }
    }

    func member(_ key: String) -> Slot {
        let slot = Slot()
        if case .keyed(let slots) = content { content = .keyed(slots + [(key, slot)]) } else { content = .keyed([(key, slot)]) }
        return slot
    }

    func next() -> Slot {
        let slot = Slot()
        if case .list(let slots) = content { content = .list(slots + [slot]) } else { content = .list([slot]) }
        return slot
    }

    var count: Int { if case .list(let slots) = content { slots.count } else { 0 } }
}

private struct ValueEncoder: Encoder {
    let slot: Slot
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.content = .keyed([])
        return KeyedEncodingContainer(Keyed<Key>(slot: slot, codingPath: codingPath))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.content = .list([])
        return Unkeyed(slot: slot, codingPath: codingPath)
    }
    func singleValueContainer() -> any SingleValueEncodingContainer { Single(slot: slot, codingPath: codingPath) }

    static func put(_ value: some Encodable, into slot: Slot, path: [any CodingKey]) throws {
        switch value {
        case let json as JSON: slot.content = .value(json)
        case let text as String: slot.content = .value(.string(text))
        case let number as Int: slot.content = .value(.int(Int64(number)))
        case let number as Int64: slot.content = .value(.int(number))
        case let flag as Bool: slot.content = .value(.bool(flag))
        case let number as Double: slot.content = .value(.double(number))
        default: try value.encode(to: ValueEncoder(slot: slot, codingPath: path))
        }
    }

    struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let slot: Slot
        let codingPath: [any CodingKey]
        func encodeNil(forKey key: Key) { slot.member(key.stringValue).content = .value(.null) }
        func encode(_ value: some Encodable, forKey key: Key) throws {
            try put(value, into: slot.member(key.stringValue), path: codingPath + [key])
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
        func encodeNil() { slot.next().content = .value(.null) }
        func encode(_ value: some Encodable) throws { try put(value, into: slot.next(), path: codingPath) }
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
        func encodeNil() { slot.content = .value(.null) }
        func encode(_ value: some Encodable) throws {
            if let number = value as? any BinaryInteger & Encodable, let whole = Int64(exactly: number) {
                slot.content = .value(.int(whole))
            } else if let number = value as? Float {
                slot.content = .value(.double(Double(number)))
            } else {
                try put(value, into: slot, path: codingPath)
            }
        }
    }
}
