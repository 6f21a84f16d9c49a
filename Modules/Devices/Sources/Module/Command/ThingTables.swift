import DevicesContracts
import Kernel

/// Things, their tenants, their presence, their shadows, and the latest messages to and from them.
enum ThingTables {
    static let migration = Migration(
        "001-things",
        [
            "CREATE TABLE devices.things (name TEXT PRIMARY KEY, org_id TEXT)",
            "CREATE TABLE devices.presence (thing TEXT PRIMARY KEY, online BOOLEAN NOT NULL, at BIGINT NOT NULL)",
            "CREATE TABLE devices.shadows (thing TEXT NOT NULL, shadow TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (thing, shadow))",
            "CREATE TABLE devices.messages (id {identity}, thing TEXT NOT NULL, direction TEXT NOT NULL, payload TEXT NOT NULL, at BIGINT NOT NULL)",
            "CREATE INDEX messages_by_thing ON devices.messages (thing, id)",
        ])

    /// Whoever writes a shadow must have read its last row: a process that has lost the link to hubs overwrites nothing.
    static let revisions = Migration(
        "005-shadow-revisions", ["ALTER TABLE devices.shadows ADD COLUMN revision BIGINT NOT NULL DEFAULT 0 CONSTRAINT shadows_in_order CHECK (revision >= 0)"])

    /// The unnamed (classic) shadow is stored under an empty name.
    static func shadow(_ thing: ThingName, _ name: String?) -> SQL {
        "SELECT body, revision FROM devices.shadows WHERE thing = \(thing) AND shadow = \(name ?? "")"
    }

    static func read(_ row: Row?) throws -> Shadow {
        var shadow: Shadow = try row?.json("body")?.decoded() ?? Shadow()
        shadow.revision = row?.int("revision") ?? 0
        return shadow
    }

    /// Violates `shadows_in_order` when the row is no longer the one that was read.
    static func put(_ shadow: Shadow, _ thing: ThingName, _ name: String?) throws -> SQL {
        """
        INSERT INTO devices.shadows AS known (thing, shadow, body, revision)
        VALUES (\(thing), \(name ?? ""), \(try JSON(encoding: shadow)), \(shadow.revision + 1))
        ON CONFLICT (thing, shadow) DO UPDATE SET body = EXCLUDED.body,
            revision = CASE WHEN known.revision = \(shadow.revision) THEN EXCLUDED.revision ELSE -1 END
        """
    }

    /// The hub whose claim has bound a thing, and nothing else has: while nobody has that hub, the claim was never stored.
    static let hubBindings = Migration("006-hub-bindings", ["ALTER TABLE devices.things ADD COLUMN by_hub TEXT"])

    static func owner(_ thing: ThingName) -> SQL { "SELECT org_id, by_hub FROM devices.things WHERE name = \(thing)" }
    static func presence(_ thing: ThingName) -> SQL { "SELECT online FROM devices.presence WHERE thing = \(thing)" }

    static func putPresence(_ thing: ThingName, _ isOnline: Bool, at now: Moment) -> SQL {
        """
        INSERT INTO devices.presence (thing, online, at) VALUES (\(thing), \(isOnline), \(now))
        ON CONFLICT (thing) DO UPDATE SET online = EXCLUDED.online, at = EXCLUDED.at
        """
    }

    enum Direction: String { case command, status }

    static func note(_ direction: Direction, _ payload: JSON, _ thing: ThingName, at now: Moment) -> SQL {
        "INSERT INTO devices.messages (thing, direction, payload, at) VALUES (\(thing), \(direction.rawValue), \(payload), \(now))"
    }

    static func messages(_ direction: Direction, _ thing: ThingName, limit: Int) -> SQL {
        """
        SELECT id, payload, at FROM devices.messages WHERE thing = \(thing) AND direction = \(direction.rawValue)
        ORDER BY id DESC LIMIT \(limit)
        """
    }

    /// Messages are for smoke tests; a week is enough.
    static func forget(before moment: Moment) -> SQL { "DELETE FROM devices.messages WHERE at < \(moment)" }
}
