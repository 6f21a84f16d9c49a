import Kernel

/// Which tenant has linked a device to a user. A link that users make for themselves, or that names a tenant who has not made it, is for
/// display only and gives no right.
enum DeviceLinks {
    static let migration = Migration(
        "004-device-links",
        [
            """
            CREATE TABLE identity.device_links (user_id TEXT NOT NULL, device_id TEXT NOT NULL, org_id TEXT NOT NULL, \
            PRIMARY KEY (user_id, device_id, org_id))
            """
        ])

    /// - Parameter caller: who links the device.
    static func add(_ user: UserID, _ device: LinkedDevice.ID, to named: OrgID, by caller: Caller) -> [SQL] {
        guard let org = caller.isSuper ? named : caller.org else { return [] }
        return [
            """
            INSERT INTO identity.device_links (user_id, device_id, org_id) VALUES (\(user), \(device), \(org))
            ON CONFLICT (user_id, device_id, org_id) DO NOTHING
            """
        ]
    }

    /// Removes what the caller may remove: a tenant its own link, the user and a super key all of them.
    static func remove(_ user: UserID, _ device: LinkedDevice.ID, by caller: Caller) -> SQL {
        let all: SQL = "DELETE FROM identity.device_links WHERE user_id = \(user) AND device_id = \(device)"
        return caller.org.map { "\(fragment: all) AND org_id = \($0)" } ?? all
    }

    static func forget(_ user: UserID) -> SQL { "DELETE FROM identity.device_links WHERE user_id = \(user)" }

    static func find(_ user: UserID, _ device: LinkedDevice.ID, by org: OrgID) -> SQL {
        """
        SELECT 1 AS known FROM identity.device_links WHERE user_id = \(user) AND device_id = \(device) AND org_id = \(org)
        """
    }
}
