import Kernel

/// Read model: which camera is which in 3dEye.
enum CamerasView {
    static let migration = Migration(
        "004-cameras",
        [
            "CREATE TABLE video.cameras (camera_id TEXT PRIMARY KEY, remote_id TEXT NOT NULL, org_id TEXT NOT NULL)",
            "CREATE INDEX cameras_by_remote ON video.cameras (remote_id)",
        ])

    static let view = View<Camera>(.table("cameras", by: "camera_id"), rows: rows(for:))

    private static func rows(for change: Change<Camera>) -> [SQL] {
        switch change.event {
        case .registered(let it, _):
            [
                """
                INSERT INTO video.cameras (camera_id, remote_id, org_id) VALUES (\(change.stream.id), \(it.remote), \(it.org))
                ON CONFLICT (camera_id) DO NOTHING
                """
            ]
        case .deleted: ["DELETE FROM video.cameras WHERE camera_id = \(change.stream.id)"]
        case .updated, .disabled, .linked, .unlinked: []
        }
    }

    /// Selects the living cameras with an id of 3dEye.
    static func find(_ remote: RemoteCamera.ID) -> SQL { "SELECT camera_id, org_id FROM video.cameras WHERE remote_id = \(remote)" }
}
