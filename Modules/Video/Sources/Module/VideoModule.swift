public import Application
import Kernel

/// The Video module: cameras, their roles and streams, and the plates they read. Its use cases are added with their issues.
public let video = Module(
    "video", aggregates: [],
    announcements: [
        "CameraDeleted", "CameraDisabled", "CameraLinkedToLock", "CameraRegistered", "CameraRoleCameraAssigned", "CameraRoleCameraRemoved",
        "CameraRoleCreated",
        "CameraRoleDeleted", "CameraRoleUserAssigned", "CameraRoleUserRemoved", "CameraUnlinkedFromLock", "CameraUpdated",
        "RtspCameraAccessGranted",
        "RtspCameraAccessRevoked", "RtspCameraDeleted", "RtspCameraRegistered", "RtspCameraStreamStarted", "RtspCameraStreamStopped",
        "RtspCameraUpdated",
    ].map { EventDoc(name: $0, summary: "To come.") }
        + ["RtspCameraPlaced", "RtspCameraPlacementFailed"].map { EventDoc(name: $0, summary: "To come.", audience: .catalogueOnly) })
