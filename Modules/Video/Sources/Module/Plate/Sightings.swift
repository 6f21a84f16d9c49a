import Application
import Kernel

/// The number plates that cameras have read, and what came of each. Plates are encrypted, and kept for a while.
enum Sightings {
    static let migration = Migration(
        "007-sightings",
        [
            """
            CREATE TABLE video.sightings (id TEXT PRIMARY KEY, camera_id TEXT NOT NULL, lock_id TEXT, sealed TEXT NOT NULL, \
            confidence DOUBLE PRECISION NOT NULL, user_id TEXT, outcome TEXT NOT NULL, action_id TEXT, seen_at BIGINT NOT NULL)
            """,
            "CREATE TABLE video.gate_opens (car TEXT PRIMARY KEY, opened_at BIGINT NOT NULL)",
            "CREATE INDEX sightings_by_camera ON video.sightings (camera_id, seen_at)",
            "CREATE INDEX sightings_by_time ON video.sightings (seen_at)",
        ])
    private static let purpose = "plate-sighting"

    /// A sighting that is yet to be decided.
    struct Entry: Sendable {
        let id: String
        let camera: Camera.ID
        let lock: LockReference?
        let plate: String
        let confidence: Double
        let at: Timestamp
    }

    /// Stores a sighting as one that opens nothing; one row comes back unless it is known.
    static func begin(_ entry: Entry, _ vault: Vault) throws -> SQL {
        let sealed = try vault.seal(Array(entry.plate.utf8), purpose, entry.id)
        return """
            INSERT INTO video.sightings (id, camera_id, lock_id, sealed, confidence, outcome, seen_at)
            VALUES (\(entry.id), \(entry.camera), \(optional: entry.lock?.text), \(sealed), \(entry.confidence), \
            \(PlateOutcome.openFailed.rawValue), \(entry.at)) ON CONFLICT (id) DO NOTHING RETURNING id
            """
    }

    static func end(_ id: String, _ outcome: PlateOutcome, _ user: UserID?, _ action: ActionID?) -> SQL {
        """
        UPDATE video.sightings SET outcome = \(outcome.rawValue), user_id = \(optional: user), action_id = \(optional: action?.text) \
        WHERE id = \(id)
        """
    }
    static func find(_ id: String) -> SQL { "SELECT outcome, user_id, action_id FROM video.sightings WHERE id = \(id)" }
    static func expire(before moment: Timestamp) -> [SQL] {
        ["DELETE FROM video.sightings WHERE seen_at < \(moment)", "DELETE FROM video.gate_opens WHERE opened_at < \(moment)"]
    }

    /// Names a car at a gate without its plate.
    static func car(_ plate: String, at lock: Int, _ vault: Vault) -> String {
        Hexadecimal.encode(vault.blindIndexes(Array("\(lock)|\(plate)".utf8), "gate-car").first ?? [])
    }

    /// A note that is further ahead was made before the clock was set back.
    private static let drift = Duration.seconds(60)

    /// Notes an open; one row comes back unless the same car has opened within the pause.
    static func claim(_ car: String, pause: Duration, at now: Timestamp) -> SQL {
        """
        INSERT INTO video.gate_opens AS g (car, opened_at) VALUES (\(car), \(now))
        ON CONFLICT (car) DO UPDATE SET opened_at = EXCLUDED.opened_at 
        WHERE g.opened_at <= \(now - pause) OR g.opened_at > \(now + drift) RETURNING car
        """
    }
    static func release(_ car: String) -> SQL { "DELETE FROM video.gate_opens WHERE car = \(car)" }

    struct Sighting: Sendable {
        let id: String
        let camera: Camera.ID
        let lock: LockReference?
        let plate: String
        /// From 0 to 1.
        let confidence: Double
        let user: UserID?
        let outcome: String
        let at: Timestamp
    }

    /// Selects what a camera has read in a time, both ends included, and how much it is.
    static func page(_ camera: Camera.ID, from: Timestamp?, to: Timestamp?, _ page: Int, of size: Int) -> (rows: SQL, count: SQL) {
        let first = from ?? Timestamp(milliseconds: 0), last = to ?? Timestamp(milliseconds: Int64.max)
        return (
            """
            SELECT * FROM video.sightings WHERE camera_id = \(camera) AND seen_at >= \(first) AND seen_at <= \(last)
            ORDER BY seen_at DESC, id DESC LIMIT \(size) OFFSET \((page - 1) * size)
            """,
            """
            SELECT COUNT(*) AS total FROM video.sightings WHERE camera_id = \(camera) AND seen_at >= \(first) AND seen_at <= \(last)
            """
        )
    }

    static func read(_ row: Row, _ vault: Vault) throws -> Sighting {
        let id: String = try row.read("id")
        return Sighting(
            id: id, camera: try row.read("camera_id"), lock: try row.find("lock_id"),
            plate: String(decoding: try vault.open(try row.read("sealed"), purpose, id), as: UTF8.self),
            confidence: try row.read("confidence"), user: try row.find("user_id"), outcome: try row.read("outcome"),
            at: try row.read("seen_at"))
    }
}
