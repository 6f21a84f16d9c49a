public import Application
import IdentityContracts
import Kernel

/// The Identity module: users, their contact data, what they hold, and what their app shows.
public let identity = Module(
    "identity",
    aggregates: [AnyAggregate(UserAccount.self)],
    migrations: [
        Contacts.migration, Contacts.pendingAddresses, WalletKeyGivers.migration, DeviceLinks.migration, PlateRows.migration,
        LockGivers.migration,
    ],
    operations: [
        SignUp.operation, FindUserByEmail.operation, FindUserByPhone.operation, CreateUser.operation, UpdateEmail.operation,
        UpdatePhoneNumber.operation,
        UpdateProfile.operation, UserPhoneNumber.operation, UserProfile.operation, SuspendUser.operation, ReactivateUser.operation,
        EraseUser.operation,
        ExportUser.operation,
        AddAccessibleLock.operation, RemoveAccessibleLock.operation, AccessibleLocks.operation, OwnedLocksOfUser.operation,
        AddWalletKey.operation, CommitWalletKey.operation, RollBackWalletKey.operation, RemoveWalletKey.operation, Wallet.operation,
        WalletLink.operation,
        UserKeys.operation, AddPhysicalKey.operation, RemovePhysicalKey.operation, PhysicalKeys.operation, OnePhysicalKey.operation,
        AddLicensePlate.operation, RemoveLicensePlate.operation, LicensePlates.operation,
        AddDevice.operation, RemoveDevice.operation, LinkedDevices.operation, EmailCollisions.operation,
    ],
    ports: [.required(WalletProvider.self)],
    settings: IdentitySettings.all,
    followUp: EndedRights.followUp,
    endings: [
        Ending(of: UserAccount.self) { id, request, services in
            guard try await !services.store.load(UserAccount.self, id).state.isErased else { return }
            _ = try await services.execute(EraseUser(user: UserID(id), caller: request.caller), for: request)
        }
    ],
    assemble: { services in Assembly(answers: PeopleQuestions.answers(services)) }
)
