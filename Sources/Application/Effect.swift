public import Kernel

/// What a command does besides appending its events.
public enum Effect: Sendable {
    case none
    /// Rows and events of other streams that commit with the command's events; created again for each attempt.
    case local(Changes)
    /// A call outside the module, once per request before the commit; if it fails, nothing is stored. The changes commit with the events.
    case external(any ExternalCall, with: Changes = .none)
}

/// A call to a party outside the module.
public protocol ExternalCall: Sendable {
    /// Whether the call takes effect only while the fence holds. Calls without a fence are made only on the stored state.
    var isFenced: Bool { get }
    /// Makes the call. Throws `FenceBroken` when the fence no longer holds, and any other error when the call had no effect.
    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt
    /// Undoes the call when the events cannot be stored after all. Returns whether it has no effect; false means an unknown outcome.
    func undo(_ context: CallContext, _ services: Services) async -> Bool
    /// Returns the rows to commit with the events that depend on the answer.
    func rows(after receipt: Receipt, _ context: CallContext) -> [SQL]
    /// Returns what has become of the call when its events could not be stored.
    func fate(_ receipt: Receipt, _ services: Services) async throws -> CallFate
}

extension ExternalCall {
    public var isFenced: Bool { false }
    public func undo(_ context: CallContext, _ services: Services) async -> Bool { true }
    public func rows(after receipt: Receipt, _ context: CallContext) -> [SQL] { [] }
    public func fate(_ receipt: Receipt, _ services: Services) async throws -> CallFate { .stands }
}

/// What has become of a call whose events could not be stored.
public enum CallFate: Sendable {
    /// It still has its effect.
    case stands
    /// The party's own answer, or an earlier attempt at the same request, has stored what this one is about to store.
    case isStored
    /// It has no effect any more, and must be made again.
    case wasTakenBack
}

/// The context of an external call.
public struct CallContext: Sendable {
    public let stream: StreamName
    /// The events as they will be stored.
    public let events: [EventData]
    /// The state that the decision relied on.
    public let fence: Fence
    public let request: Request
}

/// The result of an external call.
public struct Receipt: Sendable {
    /// The action by which the caller can follow the call.
    public var action: ActionID?
    /// When the call was made, by the caller's clock, if that matters to what is stored.
    public var calledAt: Timestamp?
    /// Whether the device is known to be offline; the sent command waits.
    public var isOffline = false
    /// Whether the outcome is unknown: the events are stored, so that the action can be followed, and the caller is told so.
    public var isUnknown = false
    /// The id that the called party gave to what it has made.
    public var remoteID: String?

    public init(remoteID: String) { self.remoteID = remoteID }

    public init(action: ActionID? = nil, calledAt: Timestamp? = nil, isOffline: Bool = false, isUnknown: Bool = false) {
        self.action = action
        self.calledAt = calledAt
        self.isOffline = isOffline
        self.isUnknown = isUnknown
    }

    public static let none = Receipt()
}
