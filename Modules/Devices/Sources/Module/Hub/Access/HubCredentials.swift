import Application
import DevicesContracts
import Kernel

/// The credentials of hubs at the broker: what each shall have, and what the broker is known to have.
///
/// Whatever changes what a hub may do raises `wanted` in its own transaction; `HubAccess` carries it to the broker and then raises
/// `applied`, so that a broker that is away, or a process that dies, delays it and loses nothing.
struct HubCredentials: Sendable {
    static let migration = Migration(
        "016-hub-credentials",
        [
            """
            CREATE TABLE devices.hub_credentials (hub_id TEXT PRIMARY KEY, password TEXT, issue BIGINT NOT NULL, \
            issue_applied BIGINT NOT NULL DEFAULT 0, wanted BIGINT NOT NULL, applied BIGINT NOT NULL DEFAULT 0)
            """,
            "CREATE INDEX hub_credentials_open ON devices.hub_credentials (hub_id) WHERE applied < wanted",
        ])

    let hub: Hub.ID
    /// Encrypted; nil when the hub has none any more.
    let password: String?
    /// Counts the passwords that were issued.
    let issue: Int64
    /// The issue that the broker has.
    let issueApplied: Int64
    let wanted: Int64

    init(_ row: Row) throws(RowDecodingError) {
        hub = try row.read("hub_id")
        password = try row.find("password")
        issue = try row.read("issue")
        issueApplied = try row.read("issue_applied")
        wanted = try row.read("wanted")
    }

    /// The name of a hub's client at the broker; also the common name of its certificate.
    static func user(of hub: Hub.ID) -> String { "hub-\(hub)" }

    private static let purpose = "hub-credentials"

    static func seal(_ password: String, of hub: Hub.ID, _ vault: Vault) throws -> String {
        try vault.seal(Array(password.utf8), purpose, hub.text)
    }

    func openPassword(_ vault: Vault) throws -> String? {
        try password.map { String(decoding: try vault.open($0, Self.purpose, hub.text), as: UTF8.self) }
    }
}

// MARK: - Rows

extension HubCredentials {
    /// Gives a hub a new password; the one before is dead.
    static func issue(_ sealed: String, to hub: Hub.ID) -> SQL {
        """
        INSERT INTO devices.hub_credentials AS known (hub_id, password, issue, wanted) VALUES (\(hub), \(sealed), 1, 1)
        ON CONFLICT (hub_id) DO UPDATE SET password = EXCLUDED.password, issue = known.issue + 1, wanted = known.wanted + 1
        """
    }

    /// Ends the credentials of a hub: whoever had it before may know its password.
    static func revoke(_ hub: Hub.ID) -> SQL {
        "UPDATE devices.hub_credentials SET password = NULL, wanted = wanted + 1 WHERE hub_id = \(hub)"
    }

    /// Notes that the things or the service of a hub have changed.
    static func touch(_ hub: Hub.ID) -> SQL { "UPDATE devices.hub_credentials SET wanted = wanted + 1 WHERE hub_id = \(hub)" }

    /// The same for the hubs that speak for a thing.
    static func touchHubs(of thing: ThingName) -> SQL {
        """
        UPDATE devices.hub_credentials SET wanted = wanted + 1
        WHERE hub_id IN (SELECT d.hub_id FROM devices.matter_devices d WHERE d.thing = \(thing) OR d.device_id = \(thing))
        """
    }

    static func find(_ hub: Hub.ID) -> SQL { "SELECT * FROM devices.hub_credentials WHERE hub_id = \(hub)" }

    /// Selects those that the broker does not have as they shall be.
    static func open(after last: String) -> SQL {
        "SELECT * FROM devices.hub_credentials WHERE applied < wanted AND hub_id > \(last) ORDER BY hub_id LIMIT 100"
    }

    /// Notes what the broker has now.
    /// - Parameter knowsPassword: whether it has got the password too; a hub that is shut out gets a new one only when it is let in.
    func isApplied(knowsPassword: Bool) -> SQL {
        """
        UPDATE devices.hub_credentials SET applied = \(wanted), issue_applied = \(knowsPassword ? issue : issueApplied)
        WHERE hub_id = \(hub) AND applied < \(wanted)
        """
    }

    /// Selects the things that a hub speaks for: those registered with it, and the things and locks of its devices that its tenant owns.
    static func things(of hub: Hub.ID, in state: Hub) -> SQL {
        let org = state.organisation
        return """
            SELECT name FROM devices.things WHERE hub_id = \(hub)
            UNION SELECT t.name FROM devices.matter_devices d JOIN devices.things t ON t.name = d.thing OR t.name = d.device_id
            WHERE d.hub_id = \(hub) AND t.org_id = \(optional: org)
            ORDER BY name LIMIT \(2 * Hub.maxDevices)
            """
    }
}
