public import Kernel

/// The name of something behind a hub: the uuid of a lock, the id of a Matter device, the thing name of a hub.
public enum Thing {}
public typealias ThingName = ID<Thing>

/// Asks Devices to hand a command to a thing. Devices stores it under the action's id before it answers: a repeat of the ask gets
/// the recorded outcome, and the same message goes out again only while nobody is known to have heard it.
public struct SendCommand: Ask {
    public static let name = "devices.SendCommand", module = "devices"

    public let action: ActionID
    public let thing: ThingName
    /// The tenant that the thing must belong to; nil where the asker has established the right in another way.
    public let org: OrgID?
    /// `command` for locks and devices, `hub_command` for hubs.
    public let shadow: String
    /// `unlock`, `add_key` …
    public let command: String
    public let args: JSON
    /// After this span the command is withdrawn; nil for commands that wait as long as it takes.
    public let lifetime: Int64?
    /// Comes back unchanged in `CommandFinished`.
    public let context: JSON

    /// - Parameter lifetime: whole milliseconds.
    public init(
        action: ActionID, thing: ThingName, org: OrgID?, shadow: String = "command", command: String, args: JSON, lifetime: Duration?,
        context: JSON = .null
    ) {
        (self.action, self.thing, self.org, self.shadow, self.command, self.args) = (action, thing, org, shadow, command, args)
        (self.lifetime, self.context) = (lifetime?.milliseconds, context)
    }

    public struct Reply: Codable, Sendable {
        public enum Outcome: String, Codable, Sendable { case accepted, unreachable, foreign }
        public let outcome: Outcome
        /// Whether the thing, or its hub, is known to be offline: the command waits on its shadow.
        public let isOffline: Bool
        public init(_ outcome: Outcome, isOffline: Bool = false) { (self.outcome, self.isOffline) = (outcome, isOffline) }
    }
}

/// Asks Devices to take a command back. Harmless for commands that have ended; one that comes after its withdrawal is not carried out.
public struct WithdrawCommand: Ask {
    public static let name = "devices.WithdrawCommand", module = "devices"
    public let action: ActionID
    public let thing: ThingName
    public init(action: ActionID, thing: ThingName) { (self.action, self.thing) = (action, thing) }
    public typealias Reply = Done
}

/// A reply that says no more than that it happened.
public struct Done: Codable, Sendable {
    public init() {}
}

/// A command has come to its end.
public struct CommandFinished: Fact {
    public static let name = "CommandFinished"
    public enum Outcome: String, Codable, Sendable { case succeeded, failed, expired, withdrawn }

    public let action: ActionID
    public let thing: ThingName
    public let command: String
    public let outcome: Outcome
    /// What the device said when it failed.
    public let error: String?
    /// Whether it was offered to the device at all.
    public let wasPublished: Bool
    /// The device's answer came after the command had expired.
    public let isLate: Bool
    public let finishedAt: Moment
    public let context: JSON

    public var stream: StreamName { StreamName("command", thing.text) }

    public init(
        action: ActionID, thing: ThingName, command: String, outcome: Outcome, error: String?, wasPublished: Bool, isLate: Bool,
        finishedAt: Moment, context: JSON
    ) {
        (self.action, self.thing, self.command, self.outcome, self.error) = (action, thing, command, outcome, error)
        (self.wasPublished, self.isLate, self.finishedAt, self.context) = (wasPublished, isLate, finishedAt, context)
    }
}
