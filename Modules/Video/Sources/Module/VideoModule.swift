public import Application
import Kernel
import VideoContracts

/// The Video module: cameras, their roles and streams, and the plates they read.
public let video = Module(
    "video",
    aggregates: [AnyAggregate(RtspCamera.self), AnyAggregate(Camera.self), AnyAggregate(CameraRole.self), AnyAggregate(GateRule.self)],
    migrations: [
        RtspSources.migration, RtspCamerasView.migration, RemoteIntents.migration, CamerasView.migration, CameraRolesView.migration,
        Accounts.migration, Sightings.migration,
    ],
    operations: [
        RegisterCamera.operation, RegisterPnpCamera.operation, UpdateCamera.operation, DisableCamera.operation, DeleteCamera.operation,
        LinkCameraToLock.operation, UnlinkCameraFromLock.operation, ShowCamera.operation, PlateEvents.operation, CameraStream.operation,
        MyCameras.operation, CreateCameraRole.operation, DeleteCameraRole.operation, AssignUser.operation, RemoveUser.operation,
        AssignCamera.operation, RemoveCamera.operation, ShowCameraRole.operation, SetGateRule.operation, ShowGateRule.operation,
        RecordPlateDetection.operation, ShowCredentials.operation, AccountStatus.operation,
        ResetAccountOperation.operation, BackfillOperation.operation, RegisterRtspCamera.operation, UpdateRtspCamera.operation,
        DeleteRtspCamera.operation, StartStream.operation, StopStream.operation, GrantAccess.operation, RevokeAccess.operation,
        ApplyPlacementResult.operation, ShowRtspCamera.operation, ListRtspCameras.operation,
    ] + StaffOperations.all,
    workflows: [AnyWorkflow(TakeRoles.self), AnyWorkflow(GiveRolesBack.self), AnyWorkflow(ForgetViewer.self)],
    ports: [.optional(ThreeDEye.self)],
    settings: VideoSettings.all,
    announcements: [EventDoc(name: PlateDetected.name, summary: "A camera has read a number plate.")],
    endings: [
        Ending(of: RtspCamera.self) { id, request, services in
            let camera = RtspCamera.ID(id)
            guard try await services.store.load(RtspCamera.self, id).state.status != .deleted else { return }
            _ = try await services.execute(DeleteRtspCamera(camera: camera, author: Name(request.caller.publicName)), for: request)
        }
    ],
    assemble: { services in
        Assembly(
            answers: [
                GiveCredentials.answer(services), ResetAccount.answer(services), BackfillAccounts.answer(services),
                TakeDetection.answer(services),
            ],
            reactions: [FollowPeople.reaction(services)],
            jobs: [
                Job.every(.seconds(3_600), "video-plates") {
                    let days = Int64(services.settings[VideoSettings.plateDays])
                    _ = try await services.store.run(Sightings.expire(before: services.clock() - .seconds(days * 86_400)))
                }
            ])
    })
