import AccessContracts
public import Application
import Kernel

/// The Access module: locks, their keys, and the rights to open them.
public let access = Module(
    "access",
    aggregates: [
        AnyAggregate(Lock.self), AnyAggregate(OpenAction.self), AnyAggregate(TempKey.self), AnyAggregate(KeyGrant.self),
        AnyAggregate(Doorbell.self),
    ],
    migrations: [
        ActionRow.migration, OwnedLocksView.migration, TempKeyRows.migration, PinRows.migration, KeyGrantRows.migration,
        LockKeysView.migration,
        SuspensionsView.migration, ResidentsView.migration, UnresolvedUses.migration, PinThrottle.migration, KeyHoldersView.migration,
        ThingTransfers.migration,
        TempKeyRows.users, SuspensionsView.scopes, KeyRemovals.migration, PinThrottle.scopes, ActionRow.keys, EndedRights.checkpoints,
    ],
    operations: [
        CreateLock.operation, AddKey.operation, RemoveKey.operation, WriteKey.operation, OpenLock.operation, SetOwner.operation,
        SetOrganization.operation, ChangeLockUuid.operation,
        LockDetails.operation, LockBasicInfo.operation, LockHistory.operation, DebugMessages.operation,
        AddResident.operation, RemoveResident.operation, Residents.operation,
        CreateTempKey.operation, UpdateTempKey.operation, DeleteTempKey.operation, UseTempKey.operation, TempKeysOfLock.operation,
        CreateSharedKey.operation, CreateSharedKey.collective, SharedKeys.operation, RevokeSharedKey.operation, RevokeSharedKey.collective,
        RemoveDoor.operation,
        OpenWithPin.operation, ShowGuestPage.operation, ShowGuestPage.collective, FollowFromPage.operation, FollowFromPage.collective,
        OpenFromPage.first, OpenFromPage.door, OpenFromPage.collective,
        StartBulkAddKeys.operation, FollowAction.operation, PressDoorbell.operation,
    ],
    workflows: [
        AnyWorkflow(BulkAddKeys.self), AnyWorkflow(KeepKeyInTime.self), AnyWorkflow(RemoveKeyEverywhere.self),
        AnyWorkflow(ForgetPerson.self),
        AnyWorkflow(EndGivenKeys.self),
    ],
    ports: [.required(GuestPages.self)],
    settings: AccessSettings.all,
    followUp: EndedRights.followUp,
    endings: [LockEnding.ending],
    assemble: { services in
        Assembly(
            answers: [OwnedLocksView.answering(services), PersonalRecords.answering(services), Right.answering(services)]
                + PlateAnswers.all(services),
            reactions: [FinishActions.reaction(services), SuspensionsView.reaction, KeyHoldersView.reaction] + [
                EndedRights.reaction(services)
            ]
                + FollowPeople.reactions(services)
                + FollowKeys.reactions(services) + [FollowBells(services: services).reaction],
            jobs: [
                UnresolvedUses(services: services).job, ThingTransfers(services: services).job, UnfollowedActions(services: services).job,
            ])
    }
)
