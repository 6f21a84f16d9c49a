public import Application
import Kernel

/// The Video module: cameras, their roles and streams, and the plates they read.
public let video = Module(
    "video", aggregates: [AnyAggregate(RtspCamera.self)], migrations: [RtspSources.migration, RtspCamerasView.migration],
    operations: [
        RegisterRtspCamera.operation, UpdateRtspCamera.operation, DeleteRtspCamera.operation, StartStream.operation, StopStream.operation,
        GrantAccess.operation, RevokeAccess.operation, ApplyPlacementResult.operation, ShowRtspCamera.operation, ListRtspCameras.operation,
    ] + StaffOperations.all,
    settings: VideoSettings.all,
    announcements: [
        "CameraDeleted", "CameraDisabled", "CameraLinkedToLock", "CameraRegistered", "CameraRoleCameraAssigned", "CameraRoleCameraRemoved",
        "CameraRoleCreated",
        "CameraRoleDeleted", "CameraRoleUserAssigned", "CameraRoleUserRemoved", "CameraUnlinkedFromLock", "CameraUpdated",
    ].map { EventDoc(name: $0, summary: "To come.") })
