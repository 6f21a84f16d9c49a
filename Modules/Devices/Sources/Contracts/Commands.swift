public import Kernel

/// The name of something behind a hub: the uuid of a lock, the id of a Matter device, the thing name of a hub.
public enum Thing {}
public typealias ThingName = ID<Thing>

/// Asks Devices to take a command back. Harmless for commands that have ended; one that comes after its withdrawal is not carried out.
public struct WithdrawCommand: Ask {
    public static let name = "devices.WithdrawCommand", module = "devices"
    public let action: ActionID
    public let thing: ThingName
    public init(action: ActionID, thing: ThingName) { (self.action, self.thing) = (action, thing) }

    public struct Reply: Codable, Sendable {
        /// Whether it may have reached a device before it was taken back.
        public let mayHaveLeft: Bool
        public init(mayHaveLeft: Bool) { self.mayHaveLeft = mayHaveLeft }
    }
}

/// The right that a command rests on. A command is not shown to a device once its right has ended.
public struct Premise: Codable, Sendable, Equatable {
    /// The module that knows whether it still holds.
    public let module: String
    /// What its end may come from, in words of that module: `lock:7`, `user:U` … At most `mostSubjects`.
    public let about: [String]
    /// What that module is asked, as `PremisesHold`.
    public let question: JSON
    /// When the right ends by itself; nil where it does not.
    public let endsAt: Timestamp?

    public static let mostSubjects = 3

    /// How a person is called among what rights are about.
    public static func subject(of user: UserID) -> String { "user:\(user)" }
    /// How the API keys of a tenant are called there.
    public static func subject(ofKeysOf org: OrgID) -> String { "keys:\(org)" }
    /// How an aggregate is called there.
    public static func subject(of stream: StreamName) -> String { "\(stream.category):\(stream.id)" }

    /// How long a command may be shown to devices after its right was looked at. Who ends a right and cannot have the commands on
    /// it withdrawn is safe when so much time has passed.
    public static let freshness = Duration.seconds(1)

    public init(module: String, about: [String], question: JSON, endsAt: Timestamp?) {
        precondition(about.count <= Self.mostSubjects, "a right is about \(Self.mostSubjects) subjects at most")
        self.module = module
        self.about = about
        self.question = question
        self.endsAt = endsAt
    }
}

/// What Devices asks the module of a premise before it shows a device what has waited.
public enum PremisesHold {
    /// The name of the ask at a module. Its body is a list of questions, its reply a list of truth values in the same order.
    public static func name(at module: String) -> String { "\(module).PremisesHold" }
}

/// Asks Devices to look again at the rights of commands that wait: those that have ended are withdrawn before the reply. Asked between
/// the commit that ends rights and its answer; where Devices cannot be asked, the answer waits for `Premise.freshness`, after which
/// nothing is shown any more whose right was looked at before it ended.
public struct LookAgain: Ask, Hashable {
    public static let name = "devices.LookAgain", module = "devices"
    public static let timeout = Duration.seconds(3)
    /// One of the words in `Premise.about`.
    public let about: String
    public init(about: String) { self.about = about }
    public typealias Reply = Done
}

/// A reply that says no more than that it happened.
public struct Done: Codable, Sendable {
    public init() {}
}

/// A command has come to its end.
public struct CommandFinished: PublishedMessage, Equatable {
    public static let module = "devices", name = "CommandFinished"
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
    public let finishedAt: Timestamp
    public let context: JSON

    /// Each action is a stream: one whose end cannot be handled holds up no other.
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

/// Asks what has become of commands whose end was not heard.
public struct EndsOfCommands: Ask {
    public static let name = "devices.EndsOfCommands", module = "devices"
    public let actions: [ActionID]
    public init(actions: [ActionID]) { self.actions = actions }

    public struct Reply: Codable, Sendable {
        /// The ends of those that have ended, as they were told.
        public let ended: [CommandFinished]
        /// The actions of which Devices has heard.
        public let known: [ActionID]
        public init(ended: [CommandFinished], known: [ActionID]) { (self.ended, self.known) = (ended, known) }
    }
}
