import DevicesContracts
import Kernel

/// Rows of the things that depend on a hub: its own thing, those registered with it, and the locks that devices behind it represent.
extension ThingTables {
    /// Adds whether the hub that a thing depends on is suspended or was decommissioned.
    static let service = Migration(
        "011-out-of-service",
        [
            "ALTER TABLE devices.things ADD COLUMN is_out BOOLEAN NOT NULL DEFAULT FALSE",
            "CREATE INDEX matter_devices_by_hub ON devices.matter_devices (hub_id)",
        ])

    /// Registers a thing with a hub. Violates the table's primary key when the name is taken.
    static func register(_ thing: ThingName, with hub: Hub.ID, in state: Hub) -> [SQL] {
        [
            """
            INSERT INTO devices.things (name, org_id, hub_id, is_out)
            VALUES (\(thing), \(optional: state.organisation), \(hub), \(state.isOutOfService))
            """,
            raiseRevision(of: thing),
        ]
    }

    /// Registers the thing of a device with another hub of the same tenant. The lock that the device represents follows its service.
    static func move(_ thing: ThingName, of device: MatterDevice.ID, to hub: Hub.ID, in state: Hub) -> [SQL] {
        [
            """
            UPDATE devices.things SET hub_id = CASE WHEN hub_id IS NULL THEN NULL ELSE \(hub) END, is_out = \(state.isOutOfService)
            WHERE name = \(thing) AND org_id = \(optional: state.organisation)
            """,
            """
            UPDATE devices.things SET is_out = \(state.isOutOfService)
            WHERE name = \(device) AND org_id = \(optional: state.organisation)
            """,
            raiseRevision(of: thing),
        ]
    }

    /// Takes a tenant's thing out of service because a device that represents it is registered with a hub that is.
    static func takeOut(_ thing: ThingName, of org: OrgID) -> SQL {
        "UPDATE devices.things SET is_out = TRUE WHERE name = \(thing) AND org_id = \(org)"
    }

    /// Lets the things of a hub follow its tenant and its service. Inserts the hub's thing if the hub is older than registrations.
    ///
    /// A lock that a device behind the hub represents follows its service only, and only while both belong to the same tenant.
    static func follow(_ hub: Hub.ID, _ thing: ThingName, from before: Hub, to after: Hub) -> [SQL] {
        let locks = Set([before.organisation, after.organisation].compactMap(\.self)).sorted { $0.text < $1.text }.map { org -> SQL in
            """
            UPDATE devices.things SET is_out = \(after.isOutOfService) WHERE org_id = \(org) AND name IN (
                SELECT d.thing FROM devices.matter_devices d WHERE d.hub_id = \(hub)
                UNION SELECT d.device_id FROM devices.matter_devices d WHERE d.hub_id = \(hub))
            """
        }
        return [
            """
            INSERT INTO devices.things (name, org_id, hub_id, is_out)
            VALUES (\(thing), \(optional: after.organisation), \(hub), \(after.isOutOfService)) ON CONFLICT (name) DO NOTHING
            """,
            """
            UPDATE devices.things SET org_id = \(optional: after.organisation), is_out = \(after.isOutOfService) WHERE hub_id = \(hub)
            """,
        ] + locks + [
            """
            UPDATE devices.shadows SET revision = revision + 1 WHERE thing IN (
                SELECT name FROM devices.things WHERE hub_id = \(hub)
                UNION SELECT d.device_id FROM devices.matter_devices d WHERE d.hub_id = \(hub)
                UNION SELECT d.thing FROM devices.matter_devices d WHERE d.hub_id = \(hub))
            """,
            before.organisation.map { $0 != after.organisation } ?? false ? HubCredentials.revoke(hub) : HubCredentials.touch(hub),
        ]
    }
}
