/// One member of an event: how it is written, read and documented.
public struct Member<Value: Sendable>: Sendable {
    /// The documentation of the member; empty for a value that is not in the data.
    let docs: [MemberDoc]
    let write: @Sendable (Value, inout JSON.Object) throws -> Void
    /// Reads the value. Notes every problem and returns nil when there is one.
    let read: @Sendable (StoredEvent, inout Reading) -> Value?
}

/// The members of an event, in order.
public struct Members<each Value: Sendable>: Sendable {
    let members: (repeat Member<each Value>)
    public init(_ members: repeat Member<each Value>) { self.members = (repeat each members) }

    /// Returns a reader that reads all members and calls `make` when none of them has a problem.
    func reading<Whole>(_ make: @escaping @Sendable (repeat each Value) -> Whole) -> @Sendable (StoredEvent, inout Reading) -> Whole? {
        { stored, reading in
            func value<V>(of member: Member<V>) -> V? { member.read(stored, &reading) }
            func found<V>(_ value: V?) throws(MissingMember) -> V {
                guard let value else { throw MissingMember() }
                return value
            }
            let values = (repeat value(of: each members))
            guard reading.problems.isEmpty, let all = try? (repeat found(each values)) else { return nil }
            return make(repeat each all)
        }
    }
}

/// Thrown for a member without a value although no problem was noted: the event cannot be read.
private struct MissingMember: Error {}

/// A member as documents show it.
public struct MemberDoc: Sendable {
    public let name: String
    public let schema: Schema
    /// The fields in it that say something about a person; they are stored encrypted under that person's key.
    public let personal: [PersonalField]
}

/// A member computed from the state after the event and the time.
public struct DerivedMember<Subject: Sendable>: Sendable {
    let doc: MemberDoc
    let write: @Sendable (Subject, Timestamp, inout JSON.Object) -> Void

    public init<Value: WireValue>(_ name: String, _ value: @escaping @Sendable (Subject, Timestamp) -> Value) {
        self.init(name, Value.schema, value)
    }

    /// A member that every event has, because its subject has the value from its first event on.
    public static func always<Value: WireValue>(_ name: String, _ value: @escaping @Sendable (Subject) -> Value?) -> DerivedMember {
        DerivedMember(name, Value.schema) { state, _ in value(state) }
    }

    private init(_ name: String, _ schema: Schema, _ value: @escaping @Sendable (Subject, Timestamp) -> some WireValue) {
        doc = MemberDoc(name: name, schema: schema, personal: [])
        write = { state, now, data in data.set(name, to: value(state, now), schema) }
    }
}

extension Member where Value: WireValue {
    /// A text about the person whose stream it is, stored encrypted under that person's key.
    public static func personal(_ name: String) -> Member { member(name, personal: PersonalField(name)) }

    /// A text about a person, stored encrypted under the key of the user whom the member `sibling` names.
    public static func personal(_ name: String, of sibling: String) -> Member {
        member(name, personal: PersonalField(name, of: .sibling(sibling)))
    }

    /// - Parameter personal: the fields in the member that say something about persons.
    public static func member(_ name: String, personal: PersonalField...) -> Member {
        let schema = Value.schema
        return Member(docs: [MemberDoc(name: name, schema: schema, personal: personal)]) { value, data in
            data.set(name, to: value, schema)
        } read: { stored, reading in
            Value.read(stored.wire.data[name], at: name, &reading)
        }
    }
}

extension JSON.Object {
    /// Writes a member. The nil of an optional value is left out; the nil of a nullable value is written as null.
    fileprivate mutating func set(_ name: String, to value: some WireValue, _ schema: Schema) {
        let json = value.json
        if !json.isNull || !schema.isOptional { self[name] = json }
    }
}

extension Member where Value == Timestamp {
    /// A time in milliseconds since 1970.
    public static func milliseconds(_ name: String) -> Member {
        Member(docs: [MemberDoc(name: name, schema: .integer, personal: [])]) { value, data in
            data[name] = .int(value.milliseconds)
        } read: { stored, reading in
            Int.read(stored.wire.data[name], at: name, &reading).map { Timestamp(milliseconds: Int64($0)) }
        }
    }

    /// When the event was stored; not a member of its data.
    public static var storedAt: Member {
        Member(docs: []) { _, _ in
        } read: { stored, _ in
            stored.at
        }
    }
}

extension Member where Value: StringValue {
    /// The id of the stream; not a member of its data.
    public static var stream: Member {
        Member(docs: []) { _, _ in
        } read: { stored, _ in
            Value(stored.stream.id)
        }
    }
}

extension Member where Value == OrgID? {
    /// The tenant of the stream after the event; stored beside its data.
    public static var tenant: Member {
        Member(docs: []) { _, _ in
        } read: { stored, _ in
            .some(stored.org)
        }
    }
}

/// For events that stay in the module: their documentation does not describe the inside of such a value.
extension Member where Value: Codable {
    /// A member stored in the value's own Codable form.
    public static func coded(_ name: String, personal: PersonalField...) -> Member {
        Member(docs: [MemberDoc(name: name, schema: .any, personal: personal)]) { value, data in
            data[name] = try JSON(encoding: value)
        } read: { stored, reading in
            decoded(stored.wire.data[name], at: name, &reading)
        }
    }

    /// A value whose members are the members of the event.
    public static var whole: Member {
        Member(docs: []) { value, data in
            data = data.merging(try JSON(encoding: value).members ?? [:])
        } read: { stored, reading in
            decoded(.object(stored.wire.data), at: stored.wire.type, &reading)
        }
    }

    private static func decoded(_ json: JSON?, at path: String, _ reading: inout Reading) -> Value? {
        guard let json else { return reading.note(path, "is missing") }
        do { return try json.decoded(as: Value.self) } catch { return reading.note(path, "cannot be decoded: \(error)") }
    }
}
