public import Kernel

/// Identity: people, how they are reached, and what their app shows them.
public let identity = Context(
    "identity",
    aggregates: [AnyAggregate(UserAccount.self)],
    migrations: [Contacts.migration],
    operations: [
        FindUserByEmail.operation, CreateUser.operation, UserProfile.operation,
        AddAccessibleLock.operation, RemoveAccessibleLock.operation, AccessibleLocks.operation, OwnedLocksOfUser.operation,
        AddPhysicalKey.operation,
    ]
)
