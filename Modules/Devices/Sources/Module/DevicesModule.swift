public import Application
import DevicesContracts
import Kernel

/// The Devices module: hubs, Matter devices, shadows, and commands on their way to hardware.
public let devices = Module(
    "devices",
    aggregates: [AnyAggregate(Hub.self), AnyAggregate(MatterDevice.self)],
    migrations: [
        ThingTables.migration, PendingCommand.migration, MatterDevicesView.migration, PendingCommand.partsMigration, ThingTables.revisions,
        ThingTables.hubBindings,
        PendingCommand.premisesMigration, ThingTables.registrations, ThingTables.signs, PendingCommand.subjectsMigration,
        ThingTables.service, PendingCommand.resultsMigration, MessageLog.migration, Lists.migration, ThingTables.told,
        HubCredentials.migration, MatterDevicesView.doors,
    ],
    operations: [
        ProvisionHub.operation, ClaimHub.operation, ReClaimHub.operation, SetHubRole.operation, SuspendHub.operation, ResumeHub.operation,
        DecommissionHub.operation, IssueCredentials.operation, CommissionDevice.operation, SendHubCommand.operation, HubStatus.operation,
        CreateMatterDevice.operation,
        UpdateReportedShadow.operation, UpdateDesiredShadow.operation, SetMatterPin.operation, ClearMatterPin.operation,
        ReportSensorState.operation, ShowShadowLog.operation, SyncShadows.operation, ReceiveShadow.operation,
        GetShadow.operation, UpdateShadow.operation, DeleteShadow.operation, ListNamedShadows.operation,
        ListHubs.operation, StartHubMigration.operation, ShowMigration.operation, ListMatterDevices.operation, ShowMatterDevice.operation,
    ],
    workflows: [AnyWorkflow(MoveDevices.self)],
    ports: [.required(HubLink.self), .optional(BrokerAccess.self)],
    settings: DevicesSettings.all,
    announcements: [EventDoc(name: ShadowChanged.name, summary: "The document of a device has changed.")],
    followUp: ApplyAccess.followUp,
    endings: [
        Ending(of: Hub.self) { id, request, services in
            guard try await services.store.load(Hub.self, id).state.status != .decommissioned else { return }
            let end = DecommissionHub(hub: Hub.ID(id), reason: "Its history is deleted.", user: UserID(request.caller.publicName))
            _ = try await services.execute(end, for: request)
        }
    ],
    assemble: { services in
        let link = try services.port(HubLink.self)
        let runner = ThingRunner(services: services, link: link)
        let want = AskHandler(WantState.self) { question, _ in try await runner.want(question) }
        let access = HubAccess(services)
        let apply = AskHandler(ApplyAccess.self) { question, _ in
            try await access?.apply(question.hub)
            return Done()
        }
        let linkUp = Gauge("device_link_up") { _ in link.isUp() ? 1 : 0 }
        return Assembly(
            answers: runner.answers + [want, apply], reactions: [ReportIngestion(services: services).reaction],
            jobs: DeviceWorker(runner: runner, access: access).jobs + [
                PresenceWatch(services: services).job, DoorWatch(services: services).job,
            ], gauges: [linkUp])
    }
)
