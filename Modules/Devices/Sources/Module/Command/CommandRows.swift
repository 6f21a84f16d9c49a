import Application
import DevicesContracts
import Kernel

/// Storage of commands.
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

    /// Adds the right that a command depends on, whether the decision's preconditions held when it was stored, and a monotonic clock.
    static let premisesMigration = Migration(
        "007-premises",
        [
            "ALTER TABLE devices.commands ADD COLUMN premise TEXT",
            "ALTER TABLE devices.commands ADD COLUMN boot TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE devices.commands ADD COLUMN uptime BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE devices.commands ADD COLUMN held BOOLEAN NOT NULL DEFAULT TRUE CONSTRAINT premise_held CHECK (held)",
            "CREATE INDEX commands_open_by_premise ON devices.commands (thing) WHERE finished_at IS NULL AND premise IS NOT NULL",
        ])

    /// Adds the subjects whose changes may end a right, each in its own indexed column, so that a check reads only its commands.
    static let subjectsMigration = Migration(
        "010-subjects",
        [
            // The first index is unused; PostgreSQL picks the second for lookups by thing. SQLite keeps both under other names.
            "DROP INDEX IF EXISTS devices.commands_open_by_premise", "DROP INDEX IF EXISTS devices.commands_open_by_expiry",
            "CREATE INDEX commands_open_by_end ON devices.commands (expires_at) WHERE finished_at IS NULL AND expires_at IS NOT NULL",
        ]
            + (1...Premise.maxSubjects).flatMap { place in
                [
                    "ALTER TABLE devices.commands ADD COLUMN about_\(place) TEXT",
                    """
                    CREATE INDEX commands_open_about_\(place) ON devices.commands (about_\(place)) WHERE finished_at IS NULL \
                    AND about_\(place) IS NOT NULL
                    """,
                ]
            })

    /// Adds what a hub answered to a command.
    static let resultsMigration = Migration("012-results", ["ALTER TABLE devices.commands ADD COLUMN result TEXT"])

    init(_ row: Row) throws {
        let name: String = try row.read("command"), shadow: String = try row.read("shadow")
        let isBarred = name == Self.barred && shadow != DeviceCommand.hubShadow
        self.init(
            action: try row.read("action_id"), thing: try row.read("thing"), shadow: shadow,
            command: isBarred ? nil : try DeviceCommand(name: name, arguments: try row.read("args"), on: shadow),
            expiresAt: try row.find("expires_at"), context: try row.read("context"), org: try row.find("org_id"),
            createdAt: try row.read("created_at"), stage: try row.read("stage"),
            uptime: Uptime(boot: try row.read("boot"), milliseconds: try row.read("uptime")),
            premise: try row.find("premise", as: JSON.self)?.decoded(), wasLate: try row.read("was_late"), partOf: try row.find("part_of"),
            finishedAt: try row.find("finished_at"), error: try row.find("error"))
    }

    /// Decodes the commands in some rows. A row that cannot be read is logged and left out: it is shown to no device, and does not keep
    /// other commands from being answered, ended or withdrawn.
    static func readable(_ rows: [Row], _ log: Log) -> [PendingCommand] {
        rows.compactMap { row in
            do { return try PendingCommand(row) } catch {
                let action = (try? row.read("action_id", as: String.self)) ?? "?"
                log.error("A stored command cannot be read and is left out", ["action": action, "error": "\(error)"])
                return nil
            }
        }
    }

    /// Inserts the command. Fails with the whole transaction when the asker's deadline has passed on the database's clock
    /// (`accepted_in_time`), or when the state that the decision relied on has changed (`premise_held`).
    func insert(deadline: Timestamp, while condition: SQL = "TRUE") throws -> SQL {
        return """
            INSERT INTO devices.commands (action_id, thing, shadow, command, args, expires_at, context, org_id, created_at, stage, \
            part_of, deadline,
                premise, about_1, about_2, about_3, boot, uptime, held)
            VALUES (\(action), \(thing), \(shadow), \(name), \(arguments), \(optional: expiresAt), \(context), \(optional: org), \(createdAt),
                \(stage.rawValue), \(optional: partOf), \(deadline), \(optional: try premise.map { try JSON(encoding: $0) }),
                \(optional: subject(0)), \(optional: subject(1)), \(optional: subject(2)), \(uptime.boot), \(uptime.milliseconds), \
            \(fragment: condition))
            """
    }

    private func subject(_ place: Int) -> String? { premise.flatMap { place < $0.about.count ? $0.about[place] : nil } }

    /// Ends the command, whose secrets nobody needs any more. Only the first end takes effect, except for a late answer.
    func finish(_ stage: Stage, error: String?, isLate: Bool = false, at now: Timestamp) -> SQL {
        let arguments: SQL = command?.withoutSecrets.map { "\($0.arguments)" } ?? "args"
        return """
            UPDATE devices.commands SET stage = \(stage.rawValue), error = \(optional: error), finished_at = \(now), was_late = \(isLate),
                args = \(fragment: arguments)
            WHERE action_id = \(action) AND (finished_at IS NULL OR \(isLate))
            """
    }

    /// Keeps what the hub answered.
    func keep(result: JSON) -> SQL { "UPDATE devices.commands SET result = \(result) WHERE action_id = \(action)" }

    /// Deletes a withdrawn command so that the same action can start again.
    static func forgetWithdrawn(_ action: ActionID) -> SQL {
        "DELETE FROM devices.commands WHERE action_id = \(action) AND stage = 'withdrawn' AND was_late = FALSE"
    }

    static func all(of action: ActionID) -> SQL {
        "SELECT * FROM devices.commands WHERE action_id = \(action) OR part_of = \(action) ORDER BY action_id"
    }
    static func find(_ action: ActionID) -> SQL { "SELECT * FROM devices.commands WHERE action_id = \(action)" }
    static func open(for thing: ThingName) -> SQL { "SELECT * FROM devices.commands WHERE thing = \(thing) AND finished_at IS NULL" }

    /// Selects open commands whose right may end through a subject, ordered by id.
    static func resting(on subject: String, after action: ActionID?, limit: Int) -> SQL {
        """
        SELECT * FROM devices.commands
        WHERE finished_at IS NULL AND action_id > \(action?.text ?? "") AND (about_1 = \(subject) OR about_2 = \(subject) \
        OR about_3 = \(subject))
        ORDER BY action_id LIMIT \(limit)
        """
    }

    /// Selects things with unanswered commands, ordered by name.
    static func unanswered(after name: String) -> SQL {
        "SELECT DISTINCT thing FROM devices.commands WHERE finished_at IS NULL AND thing > \(name) ORDER BY thing LIMIT 500"
    }

    /// Selects things with commands that have expired by any clock, ordered by name.
    static func expired(at now: ClockReading, after name: String) -> SQL {
        """
        SELECT DISTINCT thing FROM devices.commands
        WHERE finished_at IS NULL AND expires_at IS NOT NULL AND thing > \(name)
            AND (expires_at <= \(now.moment) OR created_at > \(now.moment + Lifetime.tolerance)
                OR boot = \(now.uptime.boot) AND boot <> '' AND uptime + expires_at - created_at <= \(now.uptime.milliseconds))
        ORDER BY thing LIMIT 500
        """
    }
}
