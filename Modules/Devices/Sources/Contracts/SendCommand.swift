public import Kernel

/// Asks Devices to hand a command to a thing. Devices stores it under the action's id before it answers: a repeat of the ask gets
/// the recorded outcome, and the same message goes out again only while nobody is known to have heard it.
public struct SendCommand: Ask {
    public static let name = "devices.SendCommand", module = "devices"

    public let action: ActionID
    public let thing: ThingName
    /// The tenant that the thing must belong to; nil for a thing that must be a person's.
    public let org: OrgID?
    /// `command` for locks and devices, `hub_command` for hubs.
    public let shadow: String
    public let command: DeviceCommand
    /// Milliseconds after which the command is withdrawn; nil for commands that wait as long as it takes.
    public let lifetime: Int64?
    /// Comes back unchanged in `CommandFinished`.
    public let context: JSON
    /// The right that it rests on; nil for commands that are nobody's right, such as removals.
    public let premise: Premise?
    /// What the decision relied on; checked where the command is stored.
    public let fence: Fence?

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
            /// Nothing can come of it: the link did not take it.
            case unreachable
            /// The thing is not the tenant's, or nobody's.
            case foreign
            /// It may have left for the device: what becomes of it is told by `CommandFinished`.
            case unknown
            /// What the decision relied on has changed: nothing is stored, it is to be made anew.
            case outdated
            /// Too many commands wait for the thing.
            case full
        }
        public let outcome: Outcome
        /// Whether the thing, or its hub, is known to be offline: the command waits on its shadow.
        public let isOffline: Bool
        public init(_ outcome: Outcome, isOffline: Bool = false) { (self.outcome, self.isOffline) = (outcome, isOffline) }
    }
}

/// Between processes the command is its name and its arguments, as the device gets it.
extension SendCommand {
    private enum CodingKeys: CodingKey { case action, thing, org, shadow, command, args, lifetime, context, premise, fence }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        action = try fields.decode(ActionID.self, forKey: .action)
        thing = try fields.decode(ThingName.self, forKey: .thing)
        org = try fields.decodeIfPresent(OrgID.self, forKey: .org)
        shadow = try fields.decode(String.self, forKey: .shadow)
        command = try DeviceCommand(
            name: try fields.decode(String.self, forKey: .command), arguments: try fields.decode(JSON.self, forKey: .args))
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
