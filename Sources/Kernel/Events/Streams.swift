/// The names of an aggregate type in streams, answers and envelopes.
public struct Category: Sendable, Equatable {
    /// In stream names and envelopes: `lock`.
    public let name: String
    /// In stored events as the contract shows them: `LockAggregate`.
    public let className: String
    /// The version of the state's schema. A stored row with another version makes the state be folded again from its events.
    public let schemaVersion: Int

    public init(_ name: String, className: String, schemaVersion: Int = 1) {
        self.name = name
        self.className = className
        self.schemaVersion = schemaVersion
    }
}

/// The name of one event stream.
public struct StreamName: Sendable, Hashable, CustomStringConvertible {
    public let category: String
    public let id: String
    public init(_ category: String, _ id: String) { (self.category, self.id) = (category, id) }
    public var description: String { "\(category)-\(id)" }

    public static func == (a: StreamName, b: StreamName) -> Bool { a.id.hasSameBytes(as: b.id) && a.category == b.category }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(category)
        hasher.combine(ExactText(id))
    }
}

/// An event as it is stored and sent: its name and its data, in the shape of the contract.
public struct EventData: Sendable, Equatable {
    public let type: String
    public let data: JSON.Object
    public init(_ type: String, _ data: JSON.Object) { (self.type, self.data) = (type, data) }
    /// The data with the name as its first member, as histories and deliveries show it.
    public var described: JSON { .object((["type": .string(type)] as JSON.Object).merging(data)) }
}

/// A value that must be unique among the streams of a module; it is taken and released in the transaction of the event.
public enum Claim: Sendable, Equatable {
    case take(kind: String, value: String)
    case release(kind: String, value: String)
}

/// A type whose state is derived from events.
public protocol EventSourced: Sendable {
    associatedtype Event: Sendable, Equatable
}

/// A stored event that this build does not know because a newer build wrote it.
public struct UnknownEvent: Error, Sendable {
    public let type: String
    public let stream: StreamName
    public init(type: String, stream: StreamName) { (self.type, self.stream) = (type, stream) }
}
