import DevicesContracts
import Kernel

/// A command on its way to a device, as it is stored from the moment it was accepted until it ends.
struct PendingCommand: Sendable, Equatable {
    enum Stage: String, Sendable { case accepted, delivered, succeeded, failed, expired, withdrawn }

    /// The id of the message, by which the device answers; the action's own where the action is one command.
    let action: ActionID
    let thing: ThingName
    let shadow: String
    let command: String
    let args: JSON
    let expiresAt: Moment?
    let context: JSON
    let org: OrgID?
    let createdAt: Moment
    var stage: Stage
    /// A late answer to an expired command is told once.
    var wasLate = false
    /// The action that this is a part of, where an action is several commands.
    var partOf: ActionID?
    var finishedAt: Moment?

    var isOpen: Bool { stage == .accepted || stage == .delivered }
    func isLive(at now: Moment) -> Bool { isOpen && (expiresAt.map { $0 > now } ?? true) }

    /// Whether it was taken back before it was asked for in this way, and the device has not carried it out: it may begin anew. An ask that was
    /// under way when the command was taken back is no such one.
    func wasGivenUp(before context: AskContext) -> Bool {
        guard stage == .withdrawn, !wasLate, let finishedAt else { return false }
        return context.deadline - SendCommand.patience > finishedAt
    }

    /// The command as the device sees it. `ttl_ms` is what is left, for devices whose clocks are wrong.
    func slot(at now: Moment) -> JSON {
        [
            "message_id": action.json, "command": .string(command), "args": args, "expires_at": expiresAt?.json,
            "ttl_ms": expiresAt.map { .int(max(0, $0.since(now).milliseconds)) },
        ]
    }

    /// Of several open commands the one to offer: removals first, then the oldest.
    static func next(of commands: [PendingCommand], at now: Moment) -> PendingCommand? {
        commands.filter { $0.isLive(at: now) }.min { a, b in
            let removals = (a.command == "remove_key", b.command == "remove_key")
            return removals.0 == removals.1 ? (a.createdAt, a.action.text) < (b.createdAt, b.action.text) : removals.0
        }
    }

    /// Whether this removal, once answered, leaves nothing to do for another command: removals go first, and a key that was to be added
    /// before must not come after.
    func settles(_ other: PendingCommand) -> Bool {
        command == "remove_key" && other.command == "add_key" && shadow == other.shadow && other.createdAt <= createdAt
            && args["key_uuid"] != nil && args["key_uuid"] == other.args["key_uuid"]
    }

    func finished(_ outcome: CommandFinished.Outcome, error: String? = nil, isLate: Bool = false, at now: Moment) -> CommandFinished {
        CommandFinished(
            action: partOf ?? action, thing: thing, command: command, outcome: outcome, error: error, wasPublished: stage != .accepted || outcome != .withdrawn,
            isLate: isLate, finishedAt: now, context: context)
    }
}

// MARK: - Storage

extension PendingCommand {
    static let migration = Migration(
        "002-commands",
        [
            """
            CREATE TABLE devices.commands (
                action_id TEXT PRIMARY KEY, thing TEXT NOT NULL, shadow TEXT NOT NULL, command TEXT NOT NULL, args TEXT NOT NULL,
                expires_at BIGINT, context TEXT NOT NULL, org_id TEXT, created_at BIGINT NOT NULL, stage TEXT NOT NULL,
                was_late BOOLEAN NOT NULL DEFAULT FALSE, error TEXT, finished_at BIGINT, deadline BIGINT NOT NULL,
                accepted_at BIGINT NOT NULL DEFAULT {now}, CONSTRAINT accepted_in_time CHECK (accepted_at <= deadline))
            """,
            "CREATE INDEX commands_open_by_thing ON devices.commands (thing) WHERE finished_at IS NULL",
            "CREATE INDEX commands_open_by_expiry ON devices.commands (expires_at) WHERE finished_at IS NULL",
        ])

    static let partsMigration = Migration(
        "004-parts",
        [
            "ALTER TABLE devices.commands ADD COLUMN part_of TEXT",
            "CREATE INDEX commands_by_action ON devices.commands (part_of) WHERE part_of IS NOT NULL",
        ])

    init?(_ row: Row) {
        guard let action = row.text("action_id"), let thing = row.text("thing"), let stage = row.text("stage").flatMap(Stage.init(rawValue:)) else {
            return nil
        }
        self.init(
            action: ActionID(action), thing: ThingName(thing), shadow: row.text("shadow") ?? "command", command: row.text("command") ?? "",
            args: row.json("args") ?? [:], expiresAt: row.moment("expires_at"), context: row.json("context") ?? .null,
            org: row.text("org_id").map { OrgID($0) }, createdAt: row.moment("created_at") ?? Moment(milliseconds: 0), stage: stage,
            wasLate: row.bool("was_late") ?? false, partOf: row.text("part_of").map { ActionID($0) }, finishedAt: row.moment("finished_at"))
    }

    /// Fails, and with it the whole transaction, when the asker's deadline has passed on the database's clock.
    func insert(deadline: Moment) -> SQL {
        """
        INSERT INTO devices.commands (action_id, thing, shadow, command, args, expires_at, context, org_id, created_at, stage, part_of, deadline)
        VALUES (\(action), \(thing), \(shadow), \(command), \(args), \(optional: expiresAt), \(context), \(optional: org), \(createdAt),
            \(stage.rawValue), \(optional: partOf), \(deadline))
        """
    }

    /// Ends the command; whoever comes second changes nothing, but for a late answer.
    func finish(_ stage: Stage, error: String?, isLate: Bool = false, at now: Moment) -> SQL {
        """
        UPDATE devices.commands SET stage = \(stage.rawValue), error = \(optional: error), finished_at = \(now), was_late = \(isLate)
        WHERE action_id = \(action) AND (finished_at IS NULL OR \(isLate))
        """
    }

    static func delivered(_ action: ActionID) -> SQL {
        "UPDATE devices.commands SET stage = 'delivered' WHERE action_id = \(action) AND stage = 'accepted'"
    }

    /// Makes room for a command that begins anew.
    static func forgetWithdrawn(_ action: ActionID) -> SQL {
        "DELETE FROM devices.commands WHERE action_id = \(action) AND stage = 'withdrawn' AND was_late = FALSE"
    }

    static func find(_ action: ActionID) -> SQL { "SELECT * FROM devices.commands WHERE action_id = \(action)" }
    static func open(for thing: ThingName) -> SQL { "SELECT * FROM devices.commands WHERE thing = \(thing) AND finished_at IS NULL" }
    /// Things with commands that have no answer, in the order of their names.
    static func unanswered(after name: String) -> SQL {
        "SELECT DISTINCT thing FROM devices.commands WHERE finished_at IS NULL AND thing > \(name) ORDER BY thing LIMIT 500"
    }
    static func expired(at now: Moment) -> SQL {
        "SELECT DISTINCT thing FROM devices.commands WHERE finished_at IS NULL AND expires_at <= \(now) LIMIT 500"
    }
}
