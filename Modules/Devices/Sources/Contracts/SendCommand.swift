public import Kernel

/// Asks Devices to send a command to a thing. Devices stores it under the action's id before it replies: a repeated ask gets the recorded
/// outcome, and the same message is published again only while no delivery is known.
public struct SendCommand: Ask {
    public static let name = "devices.SendCommand", module = "devices"

    public let action: ActionID
    public let thing: ThingName
    /// The tenant that must own the thing; nil for a thing that must belong to a user.
    public let org: OrgID?
    /// `command` for locks and devices, `hub_command` for hubs.
    public let shadow: String
    public let command: DeviceCommand
    /// Milliseconds after which the command expires; nil for commands that do not expire.
    public let lifetime: Int64?
    /// Returned unchanged in `CommandFinished`.
    public let context: JSON
    /// The right that the command depends on; nil for commands that need none, such as removals.
    public let premise: Premise?
    /// Fence on the state that the decision relied on; checked when the command is stored.
    public var fence: Fence?

    /// - Parameter lifetime: whole milliseconds.
    public init(
        action: ActionID, thing: ThingName, org: OrgID?, shadow: String = "command", command: DeviceCommand, lifetime: Duration?,
        context: JSON = .null, premise: Premise? = nil, fence: Fence? = nil
    ) {
        self.action = action
        self.thing = thing
        self.org = org
        self.shadow = shadow
        self.command = command
        self.lifetime = lifetime?.milliseconds
        self.context = context
        self.premise = premise
        self.fence = fence
    }

    public struct Reply: Codable, Sendable, Equatable {
        public enum Outcome: String, Codable, Sendable {
            case accepted
            /// The link did not take the command; it has no effect.
            case unreachable
            /// The hub of the thing is suspended or was decommissioned; the command has no effect.
            case outOfService
            /// The thing belongs to another owner, or to none.
            case foreign
            /// The command may have been sent; `CommandFinished` reports its outcome.
            case unknown
            /// The state that the decision relied on has changed: nothing is stored, and the decision must be made again.
            case outdated
            /// Too many commands wait for the thing.
            case full
        }
        public let outcome: Outcome
        /// Whether the thing is known to be offline; the command then waits on its shadow.
        public let isOffline: Bool
        public init(_ outcome: Outcome, isOffline: Bool = false) { (self.outcome, self.isOffline) = (outcome, isOffline) }
    }
}

/// Encodes the command between processes as name and arguments, as the device gets it.
extension SendCommand {
    private enum CodingKeys: CodingKey { case action, thing, org, shadow, command, args, lifetime, context, premise, fence }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        action = try fields.decode(ActionID.self, forKey: .action)
        thing = try fields.decode(ThingName.self, forKey: .thing)
        org = try fields.decodeIfPresent(OrgID.self, forKey: .org)
        shadow = try fields.decode(String.self, forKey: .shadow)
        command = try DeviceCommand(
            name: try fields.decode(String.self, forKey: .command), arguments: try fields.decode(JSON.self, forKey: .args), on: shadow)
        lifetime = try fields.decodeIfPresent(Int64.self, forKey: .lifetime)
        context = try fields.decode(JSON.self, forKey: .context)
        premise = try fields.decodeIfPresent(Premise.self, forKey: .premise)
        fence = try fields.decodeIfPresent(Fence.self, forKey: .fence)
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(action, forKey: .action)
        try fields.encode(thing, forKey: .thing)
        try fields.encodeIfPresent(org, forKey: .org)
        try fields.encode(shadow, forKey: .shadow)
        try fields.encode(command.name, forKey: .command)
        try fields.encode(command.arguments, forKey: .args)
        try fields.encodeIfPresent(lifetime, forKey: .lifetime)
        try fields.encode(context, forKey: .context)
        try fields.encodeIfPresent(premise, forKey: .premise)
        try fields.encodeIfPresent(fence, forKey: .fence)
    }
}
