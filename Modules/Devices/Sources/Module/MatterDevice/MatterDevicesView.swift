import DevicesContracts
import Kernel

/// Read model of the things that are Matter devices.
enum MatterDevicesView {
    static let migration = Migration(
        "003-matter-devices",
        [
            "CREATE TABLE devices.matter_devices (device_id TEXT PRIMARY KEY, thing TEXT NOT NULL, hub_id TEXT NOT NULL)",
            "CREATE INDEX matter_devices_by_thing ON devices.matter_devices (thing)",
        ])

    static let view = View<MatterDevice>(.table("matter_devices", by: "device_id"), rows: rows(for:))

    private static func rows(for change: Change<MatterDevice>) -> [SQL] {
        switch change.event {
        case .moved(let hub, _, _):
            [
                HubCredentials.touchHubs(of: ThingName(change.stream.id)),
                "UPDATE devices.matter_devices SET hub_id = \(hub) WHERE device_id = \(change.stream.id)", HubCredentials.touch(hub),
            ]
        case .reported(let document, _, let at): doorRows(of: document, change, at)
        case .desired, .pinSet, .pinCleared, .alarmTriggered, .alarmCleared, .batteryLow, .batteryRestored, .doorForced,
            .doorSecured, .doorHeldOpen, .tampered, .bellPressed, .wentOffline, .cameOnline:
            []
        case .created(let registration, _, _):
            [
                """
                INSERT INTO devices.matter_devices (device_id, thing, hub_id) VALUES (\(registration.device), \
                \(registration.thing), \(registration.hub))
                ON CONFLICT (device_id) DO UPDATE SET thing = EXCLUDED.thing, hub_id = EXCLUDED.hub_id
                """,
                HubCredentials.touch(registration.hub),
            ]
        }
    }

    static let doors = Migration(
        "017-open-doors",
        [
            "ALTER TABLE devices.matter_devices ADD COLUMN door_open_since BIGINT",
            "ALTER TABLE devices.matter_devices ADD COLUMN is_door_told BOOLEAN NOT NULL DEFAULT FALSE",
            """
            CREATE INDEX matter_devices_open_doors ON devices.matter_devices (door_open_since) \
            WHERE door_open_since IS NOT NULL AND NOT is_door_told
            """,
        ])

    /// Keeps since when a door has been open.
    private static func doorRows(of document: JSON.Object, _ change: Change<MatterDevice>, _ at: Timestamp) -> [SQL] {
        guard document.contains(where: { $0.key.hasSuffix("/257/3") }),
            let isOpen = DeviceWords(change.after.reported).door?.isOpen, isOpen != DeviceWords(change.before.reported).door?.isOpen
        else { return [] }
        return [
            """
            UPDATE devices.matter_devices SET door_open_since = \(optional: isOpen ? at : nil), is_door_told = FALSE
            WHERE device_id = \(change.stream.id)
            """
        ]
    }

    /// Selects the doors that have been open for long and are not told of.
    static func openDoors(before moment: Timestamp, limit: Int) -> SQL {
        """
        SELECT device_id, door_open_since FROM devices.matter_devices
        WHERE door_open_since IS NOT NULL AND NOT is_door_told AND door_open_since <= \(moment) ORDER BY door_open_since LIMIT \(limit)
        """
    }

    static func doorIsTold(of device: MatterDevice.ID, openSince: Timestamp) -> SQL {
        "UPDATE devices.matter_devices SET is_door_told = TRUE WHERE device_id = \(device) AND door_open_since = \(openSince)"
    }

    /// Selects the devices of a thing.
    static func devices(of thing: ThingName) -> SQL {
        "SELECT device_id FROM devices.matter_devices WHERE thing = \(thing) ORDER BY device_id LIMIT 10"
    }

    static func devices(behind hub: Hub.ID, limit: Int) -> SQL {
        "SELECT device_id FROM devices.matter_devices WHERE hub_id = \(hub) ORDER BY device_id LIMIT \(limit)"
    }

    static func count(behind hub: Hub.ID) -> SQL { "SELECT COUNT(*) AS devices FROM devices.matter_devices WHERE hub_id = \(hub)" }

    /// Selects the thing of the Matter device that represents a lock: the device's id or thing name equals the name of the lock's thing,
    /// and both things belong to the same tenant. Things without a tenant never match.
    static func standing(for lock: ThingName) -> SQL {
        """
        SELECT device.thing FROM devices.matter_devices device
        WHERE (device.device_id = \(lock) OR device.thing = \(lock))
            AND (SELECT own.org_id FROM devices.things own WHERE own.name = device.thing) = (SELECT lock.org_id \
        FROM devices.things lock WHERE lock.name = \(lock))
        ORDER BY device.device_id LIMIT 1
        """
    }
}
