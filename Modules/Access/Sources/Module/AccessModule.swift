public import Kernel

/// Access: locks, their keys, and who may open what.
public let access = Context(
    "access",
    aggregates: [AnyAggregate(Lock.self), AnyAggregate(OpenAction.self)],
    migrations: [ActionRow.migration, OwnedLocksView.migration],
    operations: [
        CreateLock.operation, AddKey.operation, RemoveKey.operation, WriteKey.operation, OpenLock.operation, SetOwner.operation,
        SetOrganization.operation,
        LockDetails.operation, LockBasicInfo.operation, LockHistory.operation, DebugMessages.operation,
        FollowAction.operation,
    ],
    assemble: { services in
        Assembly(answers: [OwnedLocksView.answering(services)], reactions: [FinishActions.reaction(services)])
    }
)
