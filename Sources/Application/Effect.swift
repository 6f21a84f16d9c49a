public import Kernel

/// What a command does besides appending its events.
public enum Effect: Sendable {
    case none
    /// Rows, and events of other streams, that commit with the command's events; made anew for each attempt.
    case local(Changes)
    /// A call outside the module, made once per request and before the commit: nothing is stored when it fails. The changes
    /// commit with the events.
    case external(any ExternalCall, with: Changes = .none)
}

/// A call to a party outside the module.
public protocol ExternalCall: Sendable {
    /// Makes the call. Throws `FenceBroken` when what the decision relied on has changed, and any other error when nothing has come of it.
    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt
    /// Takes the call back when the events cannot be stored after all. Answers whether nothing comes of it: what may have left is
    /// told as unknown.
    func undo(_ context: CallContext, _ services: Services) async -> Bool
    /// Whether the party's own answer, or an earlier attempt at the same request, has stored what this one is about to store.
    func isStored(_ context: CallContext, _ services: Services) async throws -> Bool
}

extension ExternalCall {
    public func undo(_ context: CallContext, _ services: Services) async -> Bool { true }
    public func isStored(_ context: CallContext, _ services: Services) async throws -> Bool { false }
}

/// What travels with a call.
public struct CallContext: Sendable {
    public let stream: StreamName
    /// The events as they will be stored.
    public let events: [EventData]
    /// What the decision relied on.
    public let fence: Fence
    public let request: Request
}

/// What a call leaves.
public struct Receipt: Sendable {
    /// The action by which the caller follows it.
    public var action: ActionID?
    /// The device is known to be away: what was sent waits.
    public var isOffline = false
    /// It may have happened or not: the events are stored, so that the action can be followed, and the caller is told that nobody knows.
    public var isUnknown = false

    public init(action: ActionID? = nil, isOffline: Bool = false, isUnknown: Bool = false) {
        self.action = action
        self.isOffline = isOffline
        self.isUnknown = isUnknown
    }

    public static let none = Receipt()
}
