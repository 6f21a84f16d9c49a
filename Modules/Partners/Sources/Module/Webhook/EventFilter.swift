import Kernel

/// The events a webhook may ask for, and which of them are delivered.
enum EventCatalogue {
    /// Subscribable and delivered.
    static let delivered: Set<String> = [
        "AccessibleLockAdded", "AccessibleLockRemoved", "AlarmCleared", "AlarmTriggered", "CameraDeleted", "CameraDisabled", "CameraLinkedToLock",
        "CameraRegistered", "CameraRoleCameraAssigned", "CameraRoleCameraRemoved", "CameraRoleCreated", "CameraRoleDeleted",
        "CameraRoleUserAssigned", "CameraRoleUserRemoved", "CameraUnlinkedFromLock", "CameraUpdated", "DeviceAdded",
        "DeviceMigrationStatusUpdated", "DeviceRemoved", "DoorbellPressed", "HubClaimed", "HubDecommissioned", "HubProvisioned", "HubReClaimed",
        "HubRoleSet", "HubSuspended", "KeyAdded", "KeyRemoved", "KeyWriteRequested", "LicensePlateAdded", "LicensePlateRemoved", "LockCreated",
        "LockOpenFailed", "LockOpenRequested", "LockOpened", "LockUuidChanged", "MatterDeviceCreated", "MigrationCompleted", "MigrationStarted",
        "OrganizationSet", "OwnerSet", "PhysicalKeyAdded", "PhysicalKeyRemoved", "ProfileUpdated", "ResidentAdded", "ResidentRemoved",
        "RtspCameraAccessGranted", "RtspCameraAccessRevoked", "RtspCameraDeleted", "RtspCameraRegistered", "RtspCameraStreamStarted",
        "RtspCameraStreamStopped", "RtspCameraUpdated", "Shadow Update", "TempKeyCreated", "TempKeyDeleted", "TempKeyUpdated", "TempKeyUsed",
        "UserCreated", "UserReactivated", "UserSuspended", "WalletKeyAdded", "WalletKeyCommitted", "WalletKeyPrepared", "WalletKeyRemoved",
        "WalletKeyRolledBack",
    ]
    /// Subscribable, because they are in the catalogue, and never delivered: they carry device documents or contact data.
    static let internalOnly: Set<String> = [
        "DesiredShadowUpdated", "MatterPinCleared", "MatterPinSet", "ReportedShadowUpdated", "RtspCameraPlaced", "RtspCameraPlacementFailed",
        "UserEmailUpdated", "UserPhoneNumberUpdated",
    ]
}

/// The list of events of a webhook: names of the catalogue, or `*` for all of the tenant's.
struct EventFilter: WireValue {
    let names: [String]

    static let all = EventFilter(names: ["*"])
    static var schema: Schema { Schema.list(of: .string).limited(least: 1, most: 100) }
    var json: JSON { .array(names.map(JSON.string)) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> EventFilter? {
        guard let names = [String].read(raw, at: path, &reading) else { return nil }
        guard (1...100).contains(names.count) else { return reading.note(path, "must name 1 to 100 events") }
        let unknown = names.filter { $0 != "*" && !EventCatalogue.delivered.contains($0) && !EventCatalogue.internalOnly.contains($0) }
        guard unknown.isEmpty else { return reading.note(path, "names unknown events: " + unknown.joined(separator: ", ")) }
        return EventFilter(names: names)
    }
}
