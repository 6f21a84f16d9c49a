import DevicesContracts
import Kernel

/// A command on its way to a device, as stored from its acceptance until it ends.
struct PendingCommand: Sendable, Equatable {
    /// Only earlier builds stored `delivered`.
    enum Stage: String, Sendable, ColumnValue { case accepted, delivered, succeeded, failed, expired, withdrawn }

    /// The message id that the device answers with; the action's own id when the action is a single command.
    let action: ActionID
    let thing: ThingName
    let shadow: String
    /// Nil for the placeholder of a command that was withdrawn before it arrived.
    let command: DeviceCommand?
    let expiresAt: Timestamp?
    let context: JSON
    let org: OrgID?
    let createdAt: Timestamp
    var stage: Stage
    /// The machine's uptime when it was stored.
    var uptime = Uptime.unknown
    var premise: Premise?
    /// When its right was last confirmed; not stored.
    var confirmedAt: ClockReading?
    /// Whether the answer came late. A late answer to an expired command is published once.
    var wasLate = false
    /// The action that this command is a part of, if the action has several commands.
    var partOf: ActionID?
    var finishedAt: Timestamp?
    /// Why it failed, as stated by the device or component that ended it.
    var error: String?

    var isOpen: Bool { stage == .accepted || stage == .delivered }
    /// Returns how much longer it may be shown to a device; nil for a command that does not expire.
    func left(at now: ClockReading) -> Duration? { expiresAt.map { Lifetime(from: createdAt, until: $0, uptime: uptime).left(at: now) } }
    func isLive(at now: ClockReading) -> Bool { isOpen && (left(at: now).map { $0 > .zero } ?? true) }

    func isToBeConfirmed(at now: ClockReading) -> Bool { isOpen && !isFresh(at: now) }

    /// Whether its right allows showing it: it was stored, or its right confirmed, less than `Premise.freshness` ago.
    func isFresh(at now: ClockReading) -> Bool {
        guard premise != nil else { return true }
        let looks = [ClockReading(createdAt, uptime: uptime), confirmedAt].compactMap(\.self)
        return looks.contains { Lifetime(from: $0.moment, until: $0.moment + Premise.freshness, uptime: $0.uptime).left(at: now) > .zero }
    }

    /// Whether it was withdrawn before this ask was made and the device has not carried it out, so that it may start again. False for an
    /// ask that was already under way when the command was withdrawn.
    func wasGivenUp(before context: AskContext) -> Bool {
        guard stage == .withdrawn, !wasLate, let finishedAt else { return false }
        return context.deadline - SendCommand.timeout > finishedAt
    }

    /// Whether it ended before it could have been sent to a device. For other withdrawn commands this is unknown.
    var neverLeft: Bool { stage == .withdrawn && !wasLate && (command == nil || error == Self.notTaken) }

    /// About how many bytes it takes in memory.
    static let typicalSize = 2 << 10

    static let notTaken = "the link did not take it"
    /// The command name of the placeholder that `bar` returns.
    static let barred = "withdrawn"
    /// The shadows that show commands: those of locks and devices, and those of hubs.
    static let shadows = ["command", DeviceCommand.hubShadow]

    /// Returns the placeholder for a command that was withdrawn before it arrived.
    static func bar(_ action: ActionID, _ thing: ThingName, at now: Timestamp) -> PendingCommand {
        PendingCommand(
            action: action, thing: thing, shadow: "command", command: nil, expiresAt: nil, context: .null, org: nil, createdAt: now,
            stage: .withdrawn, finishedAt: now)
    }

    /// Returns the command as the device sees it. `ttl_ms` is the remaining time, for devices whose clocks are wrong.
    func slot(at now: ClockReading) -> JSON {
        [
            "message_id": action.json, "command": .string(name), "args": arguments, "expires_at": expiresAt?.json,
            "ttl_ms": left(at: now).map { .int($0.milliseconds) },
        ]
    }

    /// Returns the open command to offer next: removals first, then the oldest.
    static func next(of commands: [PendingCommand], at now: ClockReading) -> PendingCommand? {
        commands.filter { $0.isLive(at: now) }.min { a, b in
            a.isRemoval == b.isRemoval ? (a.createdAt, a.action.text) < (b.createdAt, b.action.text) : a.isRemoval
        }
    }

    var name: String { command?.name ?? Self.barred }
    var arguments: JSON { command?.arguments ?? [:] }
    var isRemoval: Bool { command?.isRemoval ?? false }

    /// Whether this removal, once answered, makes another command obsolete. Removals are sent first, so an earlier addition of the same key
    /// must not follow.
    func supersedes(_ other: PendingCommand) -> Bool {
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

/// The other command of each open, keyed by the id of the command that it accompanies.
typealias Others = [ActionID: PendingCommand]
