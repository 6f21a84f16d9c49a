import Kernel

/// Read model of who owns and sees which camera.
enum RtspCamerasView {
    static let migration = Migration(
        "002-rtsp-cameras",
        [
            "CREATE TABLE video.rtsp_cameras (camera_id TEXT PRIMARY KEY, owner_id TEXT, org_id TEXT, is_deleted BOOLEAN NOT NULL)",
            "CREATE INDEX rtsp_cameras_by_owner ON video.rtsp_cameras (owner_id) WHERE owner_id IS NOT NULL",
            "CREATE INDEX rtsp_cameras_by_org ON video.rtsp_cameras (org_id) WHERE org_id IS NOT NULL",
            "CREATE TABLE video.rtsp_grants (camera_id TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (user_id, camera_id))",
        ])

    static let view = View<RtspCamera>(.table("rtsp_cameras", by: "camera_id"), .table("rtsp_grants", by: "camera_id"), rows: rows(for:))

    private static func rows(for change: Change<RtspCamera>) -> [SQL] {
        let id = change.stream.id
        switch change.event {
        case .registered(let it, _):
            return [
                """
                INSERT INTO video.rtsp_cameras (camera_id, owner_id, org_id, is_deleted) VALUES (\(id), \(optional: it.owner), \
                \(optional: it.org), FALSE) ON CONFLICT (camera_id) DO NOTHING
                """
            ]
        case .deleted: return ["UPDATE video.rtsp_cameras SET is_deleted = TRUE WHERE camera_id = \(id)"]
        case .accessGranted(let user, _, _, _):
            return [
                "INSERT INTO video.rtsp_grants (camera_id, user_id) VALUES (\(id), \(user)) ON CONFLICT (user_id, camera_id) DO NOTHING"
            ]
        case .accessRevoked(let user, _, _): return ["DELETE FROM video.rtsp_grants WHERE camera_id = \(id) AND user_id = \(user)"]
        case .updated, .streamStarted, .streamStopped, .placed, .placementFailed: return []
        }
    }

    /// As many as a list shows.
    static let limit = 1_000

    static func ownedOrGranted(_ user: UserID) -> SQL {
        """
        SELECT camera_id FROM video.rtsp_cameras WHERE NOT is_deleted AND (owner_id = \(user)
            OR camera_id IN (SELECT g.camera_id FROM video.rtsp_grants g WHERE g.user_id = \(user)))
        ORDER BY camera_id LIMIT \(limit)
        """
    }

    static func granted(to user: UserID) -> SQL {
        "SELECT camera_id FROM video.rtsp_grants WHERE user_id = \(user) ORDER BY camera_id LIMIT 10000"
    }

    /// Selects cameras, deleted ones too.
    static func all(owner: UserID?, org: OrgID?) -> SQL {
        """
        SELECT camera_id FROM video.rtsp_cameras
        WHERE (\(owner == nil) OR owner_id = \(optional: owner)) AND (\(org == nil) OR org_id = \(optional: org))
        ORDER BY camera_id LIMIT \(limit)
        """
    }

    static func of(_ org: OrgID) -> SQL {
        "SELECT camera_id FROM video.rtsp_cameras WHERE NOT is_deleted AND org_id = \(org) ORDER BY camera_id LIMIT \(limit)"
    }
}
