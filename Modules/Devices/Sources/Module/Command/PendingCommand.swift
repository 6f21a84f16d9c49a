import DevicesContracts
import Kernel

/// A command on its way to a device, as it is stored from the moment it was accepted until it ends.
struct PendingCommand: Sendable, Equatable {
    /// Earlier builds stored also which commands were delivered.
    enum Stage: String, Sendable, ColumnValue { case accepted, delivered, succeeded, failed, expired, withdrawn }

    /// The id of the message, by which the device answers; the action's own where the action is one command.
    let action: ActionID
    let thing: ThingName
    let shadow: String
    /// Nil for what only bars the place of a command that was taken back before it came.
    let command: DeviceCommand?
    let expiresAt: Timestamp?
    let context: JSON
    let org: OrgID?
    let createdAt: Timestamp
    var stage: Stage
    /// The machine's uptime when it was stored.
    var uptime = Uptime.unknown
    var premise: Premise?
    /// When its right was last found to hold; not stored.
    var confirmedAt: ClockReading?
    /// A late answer to an expired command is told once.
    var wasLate = false
    /// The action that this is a part of, where an action is several commands.
    var partOf: ActionID?
    var finishedAt: Timestamp?
    /// Why it failed, in the words of who ended it.
    var error: String?

    var isOpen: Bool { stage == .accepted || stage == .delivered }
    /// How long it may be shown to a device; nil for one that waits as long as it takes.
    func left(at now: ClockReading) -> Duration? { expiresAt.map { Lifetime(from: createdAt, until: $0, uptime: uptime).left(at: now) } }
    func isLive(at now: ClockReading) -> Bool { isOpen && (left(at: now).map { $0 > .zero } ?? true) }

    func isToBeConfirmed(at now: ClockReading) -> Bool { isOpen && !isFresh(at: now) }

    /// Whether it may be shown as far as its right goes: it was stored, or its right confirmed, less than `Premise.freshness` ago.
    func isFresh(at now: ClockReading) -> Bool {
        guard premise != nil else { return true }
        let looks = [ClockReading(createdAt, uptime: uptime), confirmedAt].compactMap(\.self)
        return looks.contains { Lifetime(from: $0.moment, until: $0.moment + Premise.freshness, uptime: $0.uptime).left(at: now) > .zero }
    }

    /// Whether it was taken back before it was asked for in this way, and the device has not carried it out: it may begin anew.
    /// An ask that was under way when the command was taken back is no such one.
    func wasGivenUp(before context: AskContext) -> Bool {
        guard stage == .withdrawn, !wasLate, let finishedAt else { return false }
        return context.deadline - SendCommand.timeout > finishedAt
    }

    /// Whether it was ended before it can have left for a device. Of others that were taken back nobody knows.
    var neverLeft: Bool { stage == .withdrawn && !wasLate && (command == nil || error == Self.notTaken) }

    static let notTaken = "the link did not take it"
    /// The name of a command that is none.
    static let barred = "withdrawn"
    /// The shadows that show commands: of locks and devices, and of hubs.
    static let shadows = ["command", "hub_command"]

    /// What stands in the place of a command that was taken back before it came.
    static func bar(_ action: ActionID, _ thing: ThingName, at now: Timestamp) -> PendingCommand {
        PendingCommand(
            action: action, thing: thing, shadow: "command", command: nil, expiresAt: nil, context: .null, org: nil, createdAt: now,
            stage: .withdrawn, finishedAt: now)
    }

    /// The command as the device sees it. `ttl_ms` is what is left, for devices whose clocks are wrong.
    func slot(at now: ClockReading) -> JSON {
        [
            "message_id": action.json, "command": .string(name), "args": arguments, "expires_at": expiresAt?.json,
            "ttl_ms": left(at: now).map { .int($0.milliseconds) },
        ]
    }

    /// Of several open commands the one to offer: removals first, then the oldest.
    static func next(of commands: [PendingCommand], at now: ClockReading) -> PendingCommand? {
        commands.filter { $0.isLive(at: now) }.min { a, b in
            a.isRemoval == b.isRemoval ? (a.createdAt, a.action.text) < (b.createdAt, b.action.text) : a.isRemoval
        }
    }

    var name: String { command?.name ?? Self.barred }
    var arguments: JSON { command?.arguments ?? [:] }
    private var isRemoval: Bool { command?.isRemoval ?? false }

    /// Whether this removal, once answered, leaves nothing to do for another command: removals go first, and a key that was to be added
    /// before must not come after.
    func settles(_ other: PendingCommand) -> Bool {
        guard case .removeKey(let removed) = command, case .addKey(let added, _) = other.command else { return false }
        return removed.id == added.id && shadow == other.shadow && other.createdAt <= createdAt
    }

    func finished(_ outcome: CommandFinished.Outcome, error: String? = nil, isLate: Bool = false, at now: Timestamp) -> CommandFinished {
        CommandFinished(
            action: partOf ?? action, thing: thing, command: name, outcome: outcome, error: error, wasPublished: !neverLeft,
            isLate: isLate, finishedAt: now, context: context)
    }
}

extension PendingCommand.Stage {
    init(_ outcome: CommandFinished.Outcome) {
        switch outcome {
        case .succeeded: self = .succeeded
        case .failed: self = .failed
        case .expired: self = .expired
        case .withdrawn: self = .withdrawn
        }
    }
}

/// The other commands of opens, by the ids of the commands beside them.
typealias Others = [ActionID: PendingCommand]
