import DevicesContracts
import Kernel

/// Tables of things with their tenants, presence and shadows, and of the latest messages to and from them.
enum ThingTables {
    static let migration = Migration(
        "001-things",
        [
            "CREATE TABLE devices.things (name TEXT PRIMARY KEY, org_id TEXT)",
            "CREATE TABLE devices.presence (thing TEXT PRIMARY KEY, online BOOLEAN NOT NULL, at BIGINT NOT NULL)",
            "CREATE TABLE devices.shadows (thing TEXT NOT NULL, shadow TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (thing, shadow))",
            """
            CREATE TABLE devices.messages (id {identity}, thing TEXT NOT NULL, direction TEXT NOT NULL, payload TEXT NOT NULL, \
            at BIGINT NOT NULL)
            """,
            "CREATE INDEX messages_by_thing ON devices.messages (thing, id)",
        ])

    /// Optimistic concurrency for shadows: a write needs the latest row, so a process that has lost the hub link overwrites nothing.
    static let revisions = Migration(
        "005-shadow-revisions",
        ["ALTER TABLE devices.shadows ADD COLUMN revision BIGINT NOT NULL DEFAULT 0 CONSTRAINT shadows_in_order CHECK (revision >= 0)"])

    /// The unnamed (classic) shadow is stored under an empty name.
    static func shadow(_ thing: ThingName, _ name: String?) -> SQL {
        "SELECT body, revision FROM devices.shadows WHERE thing = \(thing) AND shadow = \(name ?? "")"
    }

    static func read(_ row: Row?) throws -> Shadow {
        var shadow: Shadow = try row?.find("body", as: JSON.self)?.decoded() ?? Shadow()
        shadow.revision = try row?.find("revision", as: Int64.self) ?? 0
        shadow.isRead(bytes: try row?.find("body", as: String.self)?.utf8.count ?? 0)
        return shadow
    }

    /// Violates `shadows_in_order` when the row is no longer the one that was read.
    static func put(_ shadow: Shadow, _ thing: ThingName, _ name: String?) throws -> SQL {
        let row: SQL = """
            INSERT INTO devices.shadows AS known (thing, shadow, body, revision)
            VALUES (\(thing), \(name ?? ""), \(try JSON(encoding: shadow)), \(shadow.revision + 1))
            ON CONFLICT (thing, shadow) DO UPDATE SET body = EXCLUDED.body,
                revision = CASE WHEN known.revision = EXCLUDED.revision - 1 THEN EXCLUDED.revision ELSE -1 END
            """
        return row.mergeable(by: "\(thing) \(name ?? "")")
    }

    /// Makes what processes remember of a thing outdated, and of the lock that it represents. Every write that a thing's decisions rest on
    /// contains this, unless it writes the shadow itself.
    static func raiseRevision(of thing: ThingName) -> SQL {
        """
        UPDATE devices.shadows SET revision = revision + 1 WHERE thing IN (
            SELECT CAST(\(thing) AS TEXT) UNION SELECT d.device_id FROM devices.matter_devices d WHERE d.thing = \(thing))
        """
    }

    static let hubBindings = Migration("006-hub-bindings", ["ALTER TABLE devices.things ADD COLUMN by_hub TEXT"])

    /// Adds the hub that a thing is registered with, as the hub itself or as a device behind it; claiming that hub binds the thing.
    static let registrations = Migration(
        "008-registrations",
        [
            "ALTER TABLE devices.things ADD COLUMN hub_id TEXT",
            "UPDATE devices.things SET hub_id = by_hub WHERE by_hub IS NOT NULL",
            """
            UPDATE devices.things SET hub_id = (SELECT MIN(d.hub_id) FROM devices.matter_devices d WHERE d.thing = devices.things.name)
            WHERE org_id IS NULL AND hub_id IS NULL
            """,
            "CREATE INDEX things_by_hub ON devices.things (hub_id) WHERE hub_id IS NOT NULL",
        ])

    static func owner(_ thing: ThingName) -> SQL { "SELECT org_id, hub_id, is_out FROM devices.things WHERE name = \(thing)" }

    static func namedShadows(of thing: ThingName) -> SQL {
        "SELECT shadow, body, revision FROM devices.shadows WHERE thing = \(thing) AND shadow <> '' ORDER BY shadow"
    }

    /// Selects the documents in which things have introduced themselves as devices behind a hub.
    static func introductions(naming hub: Hub.ID) -> SQL {
        """
        SELECT thing, shadow, body, revision FROM devices.shadows
        WHERE shadow = 'device_info' AND body LIKE \("%\"bridge_uuid\":\"\(hub)\"%") ORDER BY thing LIMIT \(Hub.maxDevices)
        """
    }

    static func shadowCount(of thing: ThingName) -> SQL { "SELECT COUNT(*) AS shadows FROM devices.shadows WHERE thing = \(thing)" }

    /// Returns the rows that a thing's actions write.
    static func rows(of actions: [ThingState.Action], _ state: ThingState, at now: Timestamp) throws -> [SQL] {
        // What can be merged with the rows of other commits comes first.
        var merged: [SQL] = [], others: [SQL] = []
        for case .store(let change) in actions {
            switch change {
            case .shadow(let shadow): merged.append(try put(shadow, state.thing, state.shadowName))
            case .end(let command, let stage, let error, let isLate):
                others.append(command.finish(stage, error: error, isLate: isLate, at: now))
            case .result(let result, let command): others.append(command.keep(result: result))
            case .note(let message):
                merged.append(MessageLog.add(.reported(message, state.shadow, on: state.shadowName), of: state.thing, at: now))
                others += MessageLog.trim(state.thing, at: now)
            }
        }
        return merged + others + outdated(by: actions, state).map(raiseRevision)
    }

    /// Returns the things whose commands some actions end without writing their shadow.
    private static func outdated(by actions: [ThingState.Action], _ state: ThingState) -> [ThingName] {
        var things: Set<ThingName> = [], isWritten = false
        for case .store(let change) in actions {
            switch change {
            case .shadow: isWritten = true
            case .end(let command, _, _, _): things.insert(command.thing)
            case .result, .note: break
            }
        }
        if isWritten { things.remove(state.thing) }
        return things.sorted { $0.text < $1.text }
    }
}
