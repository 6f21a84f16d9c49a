import Application
import Kernel

/// The number plates that cameras have read, and what came of each. Plates are encrypted, and kept for a while.
enum Sightings {
    static let migration = Migration(
        "007-sightings",
        [
            """
            CREATE TABLE video.sightings (id TEXT PRIMARY KEY, camera_id TEXT NOT NULL, lock_id TEXT, sealed TEXT NOT NULL, \
            confidence DOUBLE PRECISION NOT NULL, user_id TEXT, outcome TEXT NOT NULL, seen_at BIGINT NOT NULL)
            """,
            "CREATE INDEX sightings_by_camera ON video.sightings (camera_id, seen_at)",
            "CREATE INDEX sightings_by_time ON video.sightings (seen_at)",
        ])
    private static let purpose = "plate-sighting"

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
