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

    static func presence(_ thing: ThingName) -> SQL { "SELECT online, at, said_at FROM devices.presence WHERE thing = \(thing)" }

    static func putPresence(_ thing: ThingName, _ sign: HubLink.SignOfLife, after last: PresenceRow, at now: Timestamp) -> SQL {
        let saidAt = sign.isOnline ? sign.saidAt : last.saidAt
        return """
            INSERT INTO devices.presence (thing, online, at, said_at) VALUES (\(thing), \(sign.isOnline), \(now), \(optional: saidAt))
            ON CONFLICT (thing) DO UPDATE SET online = EXCLUDED.online, at = EXCLUDED.at, said_at = EXCLUDED.said_at
            """
    }
}
