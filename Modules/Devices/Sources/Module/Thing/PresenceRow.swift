import DevicesContracts
import Kernel

/// The last known presence of a thing.
struct PresenceRow: Sendable, Equatable {
    let isOnline: Bool?
    /// When the thing last reported itself online, by its own clock.
    let saidAt: Timestamp?

    init(isOnline: Bool?, saidAt: Timestamp?) { (self.isOnline, self.saidAt) = (isOnline, saidAt) }
    init(_ row: Row?) throws(RowDecodingError) { self.init(isOnline: try row?.find("online"), saidAt: try row?.find("said_at")) }

    /// A thing registers its last will shortly before it reports itself online.
    private static let tolerance = Duration.seconds(30)

    /// Whether to accept a sign of life. Rejects the last will of an earlier connection, published after the thing is back.
    func admits(_ sign: HubLink.SignOfLife) -> Bool {
        guard !sign.isOnline, isOnline == true, let registered = sign.saidAt, let saidAt else { return true }
        return registered + Self.tolerance >= saidAt
    }
}

extension ThingTables {
    static let signs = Migration("009-signs-of-life", ["ALTER TABLE devices.presence ADD COLUMN said_at BIGINT"])

    /// Adds whether the tenants were told of the absence.
    static let told = Migration(
        "015-told-presence",
        [
            "ALTER TABLE devices.presence ADD COLUMN is_told BOOLEAN NOT NULL DEFAULT FALSE",
            "CREATE INDEX presence_untold ON devices.presence (at) WHERE online <> NOT is_told",
        ])

    /// Selects the devices whose tenants are to be told that they are away, or back.
    static func untold(at now: Timestamp, after grace: Duration, limit: Int) -> SQL {
        """
        SELECT p.thing, p.online, p.at, d.device_id FROM devices.presence p JOIN devices.matter_devices d ON d.thing = p.thing
        WHERE p.online = p.is_told AND (p.online OR p.at <= \(now - grace)) ORDER BY p.at LIMIT \(limit)
        """
    }

    static func told(_ thing: ThingName, isOnline: Bool, at moment: Timestamp) -> SQL {
        "UPDATE devices.presence SET is_told = \(!isOnline) WHERE thing = \(thing) AND at = \(moment)"
    }

    static func presence(_ thing: ThingName) -> SQL { "SELECT online, at, said_at FROM devices.presence WHERE thing = \(thing)" }

    static func putPresence(_ thing: ThingName, _ sign: HubLink.SignOfLife, after last: PresenceRow, at now: Timestamp) -> SQL {
        let saidAt = sign.isOnline ? sign.saidAt : last.saidAt
        return """
            INSERT INTO devices.presence (thing, online, at, said_at) VALUES (\(thing), \(sign.isOnline), \(now), \(optional: saidAt))
            ON CONFLICT (thing) DO UPDATE SET online = EXCLUDED.online, at = EXCLUDED.at, said_at = EXCLUDED.said_at
            """
    }
}
