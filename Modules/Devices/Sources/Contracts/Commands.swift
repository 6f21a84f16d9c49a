public import Kernel

/// A thing on the broker. Its name is the uuid of a lock, the id of a Matter device or the thing name of a hub.
public enum Thing {}
public typealias ThingName = ID<Thing>

/// Asks Devices to withdraw a command. Has no effect on an ended command; a command that arrives after its withdrawal is not carried out.
public struct WithdrawCommand: Ask {
    public static let name = "devices.WithdrawCommand", module = "devices"
    public let action: ActionID
    public let thing: ThingName
    public init(action: ActionID, thing: ThingName) { (self.action, self.thing) = (action, thing) }

    public struct Reply: Codable, Sendable {
        /// Whether it may have reached a device before it was withdrawn.
        public let mayHaveLeft: Bool
        public init(mayHaveLeft: Bool) { self.mayHaveLeft = mayHaveLeft }
    }
}

/// The right that a command depends on. A command is not shown to a device once its right has ended.
public struct Premise: Codable, Sendable, Equatable {
    /// The module that can check whether the right still holds.
    public let module: String
    /// Subjects whose changes may end the right, in that module's terms: `lock:7`, `user:U` … At most `maxSubjects`.
    public let about: [String]
    /// The question that `PremisesHold` asks that module.
    public let question: JSON
    /// When the right ends by itself; nil if it does not.
    public let endsAt: Timestamp?

    public static let maxSubjects = 3

    /// Returns the subject for a user.
    public static func subject(of user: UserID) -> String { "user:\(user)" }
    /// Returns the subject for the API keys of a tenant.
    public static func subject(ofKeysOf org: OrgID) -> String { "keys:\(org)" }
    /// Returns the subject for an aggregate.
    public static func subject(of stream: StreamName) -> String { "\(stream.category):\(stream.id)" }

    /// How long a command may be shown to devices after its right was last checked. If a right ends and the commands that depend on it
    /// cannot be withdrawn, waiting this long is enough.
    public static let freshness = Duration.seconds(1)

    public init(module: String, about: [String], question: JSON, endsAt: Timestamp?) {
        precondition(about.count <= Self.maxSubjects, "a right is about \(Self.maxSubjects) subjects at most")
        self.module = module
        self.about = about
        self.question = question
        self.endsAt = endsAt
    }
}

/// The ask that Devices sends to a premise's module before it shows a device a command that has waited.
public enum PremisesHold {
    /// Returns the name of the ask at a module. Its body is a list of questions, its reply a list of Booleans in the same order.
    public static func name(at module: String) -> String { "\(module).PremisesHold" }
}

/// Asks Devices to check the rights of waiting commands again; commands whose right has ended are withdrawn before the reply. Sent after
/// the commit that ends rights and before the response to it. If Devices cannot be reached, the response waits for `Premise.freshness`;
/// after that, no command is shown whose right was last checked before it ended.
public struct LookAgain: Ask, Hashable {
    public static let name = "devices.LookAgain", module = "devices"
    public static let timeout = Duration.seconds(3)
    /// One of the subjects in `Premise.about`.
    public let about: String
    public init(about: String) { self.about = about }
    public typealias Reply = Done
}

/// A reply that only confirms completion.
public struct Done: Codable, Sendable {
    public init() {}
}

/// Published when a command has ended.
public struct CommandFinished: PublishedMessage, Equatable {
    public static let module = "devices", name = "CommandFinished"
    public enum Outcome: String, Codable, Sendable { case succeeded, failed, expired, withdrawn }

    public let action: ActionID
    public let thing: ThingName
    public let command: String
    public let outcome: Outcome
    /// Why the command did not succeed, such as the error that the device reported.
    public let error: String?
    /// Whether it was, or may have been, offered to the device.
    public let wasPublished: Bool
    /// Whether the device answered after the command had expired or been withdrawn.
    public let isLate: Bool
    public let finishedAt: Timestamp
    public let context: JSON

    /// Each action is its own stream, so that an end that cannot be handled blocks no other action.
    public var stream: StreamName { StreamName("command", action.text) }

    public init(
        action: ActionID, thing: ThingName, command: String, outcome: Outcome, error: String?, wasPublished: Bool, isLate: Bool,
        finishedAt: Timestamp, context: JSON
    ) {
        self.action = action
        self.thing = thing
        self.command = command
        self.outcome = outcome
        self.error = error
        self.wasPublished = wasPublished
        self.isLate = isLate
        self.finishedAt = finishedAt
        self.context = context
    }
}

/// Asks for the outcome of commands for which no `CommandFinished` was received.
public struct EndsOfCommands: Ask {
    public static let name = "devices.EndsOfCommands", module = "devices"
    public let actions: [ActionID]
    public init(actions: [ActionID]) { self.actions = actions }

    public struct Reply: Codable, Sendable {
        /// The ends of the commands that have ended, as published.
        public let ended: [CommandFinished]
        /// The actions that Devices knows.
        public let known: [ActionID]
        public init(ended: [CommandFinished], known: [ActionID]) { (self.ended, self.known) = (ended, known) }
    }
}
