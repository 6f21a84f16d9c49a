/// The fields of an aggregate's events and state that say something about a person. They are stored as ciphertext under that person's own
/// key; deleting the key makes them unreadable without changing the log.
public struct Personal: Sendable {
    /// Fields by event name.
    public let events: [String: [PersonalField]]
    public let state: [PersonalField]
    public init(events: [String: [PersonalField]] = [:], state: [PersonalField] = []) { (self.events, self.state) = (events, state) }
    public static let none = Personal()
    public var isEmpty: Bool { events.isEmpty && state.isEmpty }
}

/// The path of a personal field: `plate`, `residents[].name`.
public struct PersonalField: Sendable {
    public enum Person: Sendable {
        /// The stream belongs to the person.
        case stream
        /// A member beside the field names the person.
        case sibling(String)
    }
    private let steps: [Step]
    private let person: Person

    private enum Step: Sendable { case member(String), each(String) }

    public init(_ path: String, of person: Person = .stream) {
        steps = path.split(separator: ".").map { $0.hasSuffix("[]") ? .each(String($0.dropLast(2))) : .member(String($0)) }
        self.person = person
    }

    /// Replaces every text that the path leads to.
    func replace(in object: JSON.Object, of stream: StreamName, _ body: (String, UserID) throws -> String) rethrows -> JSON.Object {
        try replace(in: object, steps[...], stream, body)
    }

    private func replace(in object: JSON.Object, _ rest: ArraySlice<Step>, _ stream: StreamName, _ body: (String, UserID) throws -> String)
        rethrows -> JSON.Object
    {
        guard let step = rest.first else { return object }
        var object = object
        let after = rest.dropFirst()
        switch step {
        case .each(let name):
            guard let items = object[name]?.items else { return object }
            object[name] = .array(
                try items.map { item in try item.members.map { .object(try replace(in: $0, after, stream, body)) } ?? item })
        case .member(let name):
            if after.isEmpty {
                guard let text = object[name]?.text, let person = person(in: object, stream) else { return object }
                object[name] = .string(try body(text, person))
            } else if let members = object[name]?.members {
                object[name] = .object(try replace(in: members, after, stream, body))
            }
        }
        return object
    }

    private func person(in object: JSON.Object, _ stream: StreamName) -> UserID? {
        switch person {
        case .stream: UserID(stream.id)
        case .sibling(let name): object[name]?.text.map { UserID($0) }
        }
    }
}

extension [PersonalField] {
    /// Replaces the texts at all paths.
    public func replace(in object: JSON.Object, of stream: StreamName, _ body: (String, UserID) throws -> String) rethrows -> JSON.Object {
        try reduce(object) { try $1.replace(in: $0, of: stream, body) }
    }
}

extension JSON {
    /// Returns the value with every text in it replaced.
    public func replacingTexts(_ body: (String) throws -> String) rethrows -> JSON {
        switch self {
        case .string(let text): return .string(try body(text))
        case .array(let items): return .array(try items.map { try $0.replacingTexts(body) })
        case .object(var object):
            for member in object.members { object[member.key] = try member.value.replacingTexts(body) }
            return .object(object)
        default: return self
        }
    }
}
