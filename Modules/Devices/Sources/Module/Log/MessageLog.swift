import DevicesContracts
import Kernel

/// The latest messages to and from each thing, as they were. Not part of the event log.
enum MessageLog {
    enum Direction: String, ColumnValue { case command, status }

    /// How a message came here.
    enum Source: String, CaseIterable, WireValue, ColumnValue {
        case shadow = "shadow-webhook", want = "update-desired-shadow", command = "device-command"
    }

    /// A message as it is written down.
    struct Entry {
        let direction: Direction
        let source: Source
        /// Empty for the classic shadow.
        let shadow: String
        let payload: JSON
        /// The version of the document after the message, if it is known.
        let version: Int?
        /// The desired document at that time.
        let desired: JSON?

        /// A message of the thing.
        /// - Parameter after: the shadow with the message. What command shadows want is written down with each command.
        static func reported(_ payload: JSON, _ after: Shadow, on shadow: String?) -> Entry {
            Entry(
                direction: .status, source: .shadow, shadow: shadow ?? "", payload: payload, version: after.version,
                desired: shadow.map(PendingCommand.shadows.contains) == true ? nil : after.desired)
        }

        /// A command for the thing, without its secrets: those who may read the log may not all know a PIN.
        static func command(_ command: PendingCommand, at now: ClockReading) -> Entry {
            var payload = command.slot(at: now).members ?? [:]
            if let shown = command.command?.withoutSecrets { payload["args"] = shown.arguments }
            return Entry(
                direction: .command, source: .command, shadow: command.shadow, payload: .object(payload), version: nil, desired: nil)
        }

        static func want(_ desired: JSON, on shadow: String, version: Int) -> Entry {
            Entry(direction: .command, source: .want, shadow: shadow, payload: desired, version: version, desired: nil)
        }
    }

    static let migration = Migration(
        "013-shadow-log",
        [
            "ALTER TABLE devices.messages ADD COLUMN shadow TEXT NOT NULL DEFAULT 'command'",
            "ALTER TABLE devices.messages ADD COLUMN source TEXT",
            "ALTER TABLE devices.messages ADD COLUMN version BIGINT",
            "ALTER TABLE devices.messages ADD COLUMN desired TEXT",
        ])

    /// What stands for a message that is longer than a document may be.
    static let truncated: JSON = ["truncated": true]

    static func add(_ entry: Entry, of thing: ThingName, at now: Timestamp) -> SQL {
        let payload = entry.payload.bytes.count <= Shadow.largest * 2 ? entry.payload : truncated
        let row: SQL = """
            INSERT INTO devices.messages (thing, direction, payload, at, shadow, source, version, desired)
            VALUES (\(thing), \(entry.direction.rawValue), \(payload), \(now), \(entry.shadow), \(entry.source.rawValue), \
            \(optional: entry.version), \(optional: entry.desired))
            """
        // A log: the ring of a thing keeps the order of its messages only from one commit to the next.
        return row.mergeable(by: thing)
    }

    /// Approximate number of messages kept per thing.
    static let ring = 200

    /// Deletes the messages of a thing beyond the ring, for one in 16 of its messages, because things may send many.
    static func trim(_ thing: ThingName, at now: Timestamp) -> [SQL] {
        guard now.milliseconds % 16 == 0 else { return [] }
        return [
            """
            DELETE FROM devices.messages WHERE thing = \(thing)
                AND id <= (SELECT m.id FROM devices.messages m WHERE m.thing = \(thing) ORDER BY m.id DESC LIMIT 1 OFFSET \(ring))
            """
        ]
    }

    static func messages(_ direction: Direction, _ thing: ThingName, limit: Int) -> SQL {
        """
        SELECT id, payload, at FROM devices.messages WHERE thing = \(thing) AND direction = \(direction.rawValue)
        ORDER BY id DESC LIMIT \(limit)
        """
    }

    /// Selects the whole ring of a thing, newest first.
    static func all(of thing: ThingName) -> SQL {
        "SELECT * FROM devices.messages WHERE thing = \(thing) ORDER BY id DESC LIMIT \(ring)"
    }

    /// Deletes old messages, which serve to find faults; a week is enough.
    static func forget(before moment: Timestamp) -> SQL { "DELETE FROM devices.messages WHERE at < \(moment)" }
}
