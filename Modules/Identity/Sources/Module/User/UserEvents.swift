import IdentityContracts
import Kernel

extension UserAccount {
    static let events = EventRegistry(
        UserEvents(),
        personalState: [
            PersonalField("plates[].plate"), PersonalField("plates[].label"), PersonalField("accessibleLocks[].name"),
            PersonalField("accessibleLocks[].grantedBy"),
            PersonalField("physicalKeys[].note"), PersonalField("devices[].name"), PersonalField("devices[].addedBy"),
            PersonalField("walletKey.pass.url"),
            PersonalField("digitalKeys[].pass.url"),
        ])
}

/// The events of a user. Each event carries the user id.
struct UserEvents: EventForms {
    private static let walletKey: [DerivedMember<UserAccount>] = [
        DerivedMember("walletType") { user, _ in user.walletKey?.kind }, DerivedMember("keyIndex") { user, _ in user.walletKey?.index },
        DerivedMember("deviceId") { user, _ in user.walletKey?.device },
    ]
    private static let user: [DerivedMember<UserAccount>] = [DerivedMember("userId") { user, _ in user.id }]
    private static let userAndTime = user + [DerivedMember("timestamp") { _, now in now }]

    let created = EventForm<UserAccount>(
        "UserCreated", "A user was registered.", derived: [DerivedMember("status") { _, _ in UserAccount.Status.active }],
        members: .init(.member("userId"), .tenant),
        make: UserAccount.Event.created, take: { if case .created(let user, let org) = $0 { (user, org) } else { nil } })

    let emailUpdated = EventForm<UserAccount>(
        "UserEmailUpdated", "The e-mail address of a user was set or removed.", audience: .catalogueOnly, derived: userAndTime,
        members: .init(.member("action"), .personal("maskedEmail")),
        make: { (_: ContactChange, masked) in .emailUpdated(masked: masked) },
        take: { if case .emailUpdated(let masked) = $0 { (ContactChange(masked), masked) } else { nil } })

    let phoneUpdated = EventForm<UserAccount>(
        "UserPhoneNumberUpdated", "The phone number of a user was set or removed.", audience: .catalogueOnly, derived: userAndTime,
        members: .init(.member("action"), .personal("maskedPhoneNumber")),
        make: { (_: ContactChange, masked) in .phoneUpdated(masked: masked) },
        take: { if case .phoneUpdated(let masked) = $0 { (ContactChange(masked), masked) } else { nil } })

    let profileUpdated = EventForm<UserAccount>(
        "ProfileUpdated", "The name of a user was changed. The values are not told.", derived: user, members: .init(.member("changes")),
        make: { (changes: HiddenChanges) in .profileUpdated(changes.fields) },
        take: { if case .profileUpdated(let fields) = $0 { HiddenChanges(fields: fields) } else { nil } })

    let suspended = EventForm<UserAccount>(
        UserSuspended.name, "A user was suspended: by a tenant at its own locks, by the platform everywhere.", derived: user,
        members: .init(.member("suspendedBy"), .personal("reason"), .member("suspendedAt")),
        make: UserAccount.Event.suspended, take: { if case .suspended(let by, let reason, let at) = $0 { (by, reason, at) } else { nil } })

    let reactivated = EventForm<UserAccount>(
        UserReactivated.name, "A suspension was lifted by whoever had set it.", derived: user,
        members: .init(.member("reactivatedBy"), .member("reactivatedAt")),
        make: UserAccount.Event.reactivated, take: { if case .reactivated(let by, let at) = $0 { (by, at) } else { nil } })

    let erased = EventForm<UserAccount>(
        UserErased.name, "The data of a user was erased.", audience: .modules, derived: user,
        members: .init(.member("erasedBy"), .member("erasedAt")),
        make: UserAccount.Event.erased, take: { if case .erased(let by, let at) = $0 { (by, at) } else { nil } })

    let accessibleLockAdded = EventForm<UserAccount>(
        "AccessibleLockAdded", "A lock was put on the list of a user's app.", derived: user,
        members: .init(
            .member("lockId"), .personal("lockName"), .member("accessLevel"), .personal("grantedBy"), .member("validFrom"),
            .member("validUntil")),
        make: { (lock: AccessibleLock.ID, name: String, level: AccessibleLock.Level, by: String, from: Timestamp?, until: Timestamp?) in
            .accessibleLockAdded(AccessibleLock(id: lock, name: name, level: level, grantedBy: by, validFrom: from, validUntil: until))
        },
        take: { event in
            guard case .accessibleLockAdded(let it) = event else { return nil }
            return (it.id, it.name, it.level, it.grantedBy, it.validFrom, it.validUntil)
        })

    let accessibleLockRemoved = EventForm<UserAccount>(
        "AccessibleLockRemoved", "A lock was taken from the list of a user's app.", derived: user,
        members: .init(.member("lockId"), .member("removedBy"), .personal("reason"), .member("removedAt")),
        make: UserAccount.Event.accessibleLockRemoved,
        take: { if case .accessibleLockRemoved(let lock, let by, let reason, let at) = $0 { (lock, by, reason, at) } else { nil } })

    let walletKeyPrepared = EventForm<UserAccount>(
        WalletKeyPrepared.name, "A wallet key was made; it counts once its pass is issued.", derived: user,
        members: .init(.member("keyId"), .member("walletType"), .member("keyIndex"), .member("deviceId"), .storedAt),
        make: { (key: WalletKey.ID, kind: WalletKey.Kind, index: Double?, device: String?, at: Timestamp) in
            .walletKeyPrepared(
                WalletKey(id: key, kind: kind, index: index ?? 0, device: device?.isEmpty == true ? nil : device, addedAt: at))
        },
        take: { if case .walletKeyPrepared(let key) = $0 { (key.id, key.kind, key.index, key.device, key.addedAt) } else { nil } })

    let walletKeyCommitted = EventForm<UserAccount>(
        "WalletKeyCommitted", "The pass of a wallet key was issued.", derived: user + walletKey,
        members: .init(.member("keyId"), .member("passId"), .personal("passUrl"), .member("committedAt")),
        make: { .walletKeyCommitted($0, Pass(id: $1, url: $2), at: $3) },
        take: { if case .walletKeyCommitted(let key, let pass, let at) = $0 { (key, pass.id, pass.url, at) } else { nil } })

    let walletKeyRolledBack = EventForm<UserAccount>(
        "WalletKeyRolledBack", "The pass of a wallet key could not be issued; the key is gone.", derived: user,
        members: .init(.member("preparedKeyId"), .personal("reason"), .member("rolledBackAt")),
        make: UserAccount.Event.walletKeyRolledBack,
        take: { if case .walletKeyRolledBack(let key, let reason, let at) = $0 { (key, reason, at) } else { nil } })

    let walletKeyRemoved = EventForm<UserAccount>(
        WalletKeyRemoved.name, "A wallet key was removed.", derived: user,
        members: .init(.member("keyId"), .personal("reason"), .member("removedAt")),
        make: UserAccount.Event.walletKeyRemoved,
        take: { if case .walletKeyRemoved(let key, let reason, let at) = $0 { (key, reason, at) } else { nil } })

    let walletKeyAdded = EventForm<UserAccount>(
        WalletKeyAdded.name, "A wallet key was added. Only in logs of the time before keys were prepared first.", derived: user,
        members: .init(.member("walletKey")),
        make: UserAccount.Event.walletKeyAdded, take: { if case .walletKeyAdded(let key) = $0 { key } else { nil } })

    let physicalKeyAdded = EventForm<UserAccount>(
        "PhysicalKeyAdded", "A physical key was handed to a user.", derived: user,
        members: .init(.member("number"), .member("orgId"), .member("orgName"), .personal("note"), .milliseconds("addedAt")),
        make: { .physicalKeyAdded(PhysicalKey(number: $0, org: $1, orgName: $2, note: $3, addedAt: $4)) },
        take: { if case .physicalKeyAdded(let key) = $0 { (key.number, key.org, key.orgName, key.note, key.addedAt) } else { nil } })

    let physicalKeyRemoved = EventForm<UserAccount>(
        "PhysicalKeyRemoved", "A physical key was given back or lost.", derived: user,
        members: .init(.member("number"), .tenant, .milliseconds("removedAt")),
        make: { .physicalKeyRemoved(PhysicalKey(number: $0, org: $1 ?? "", addedAt: $2), at: $2) },
        take: { if case .physicalKeyRemoved(let key, let at) = $0 { (key.number, key.org, at) } else { nil } })

    let plateAdded = EventForm<UserAccount>(
        "LicensePlateAdded", "A number plate was registered for a user.", derived: user,
        members: .init(.personal("plate"), .personal("label"), .milliseconds("addedAt")),
        make: { .plateAdded(LicensePlate(plate: $0, label: $1, addedAt: $2)) },
        take: { if case .plateAdded(let plate) = $0 { (plate.plate, plate.label, plate.addedAt) } else { nil } })

    let plateRemoved = EventForm<UserAccount>(
        "LicensePlateRemoved", "A number plate is no longer a user's.", derived: user, members: .init(.personal("plate")),
        make: UserAccount.Event.plateRemoved, take: { if case .plateRemoved(let plate) = $0 { plate } else { nil } })

    let deviceAdded = EventForm<UserAccount>(
        "DeviceAdded", "A device was linked to a user.", derived: user,
        members: .init(
            .member("deviceId"), .member("deviceType"), .member("orgId"), .personal("name"), .personal("addedBy"), .member("addedAt")),
        make: { (device: LinkedDevice.ID, kind: LinkedDevice.Kind, org: OrgID, name: String?, by: String?, at: Timestamp) in
            .deviceAdded(LinkedDevice(id: device, kind: kind, org: org, name: name, addedBy: by, addedAt: at))
        },
        take: { event in
            guard case .deviceAdded(let it) = event else { return nil }
            return (it.id, it.kind, it.org, it.name, it.addedBy, it.addedAt)
        })

    let deviceRemoved = EventForm<UserAccount>(
        "DeviceRemoved", "A device is no longer linked to a user.", derived: user,
        members: .init(
            .member("deviceId"), .member("deviceType"), .tenant, .member("removedBy"), .personal("reason"), .member("removedAt")),
        make: { (device: LinkedDevice.ID, kind: LinkedDevice.Kind, org: OrgID?, by: String, reason: String, at: Timestamp) in
            .deviceRemoved(LinkedDevice(id: device, kind: kind, org: org ?? "", addedAt: at), by: by, reason: reason, at: at)
        },
        take: { event in
            guard case .deviceRemoved(let it, let by, let reason, let at) = event else { return nil }
            return (it.id, it.kind, it.org, by, reason, at)
        })

    func form(of event: UserAccount.Event) -> EventForm<UserAccount> {
        switch event {
        case .created: created
        case .emailUpdated: emailUpdated
        case .phoneUpdated: phoneUpdated
        case .profileUpdated: profileUpdated
        case .suspended: suspended
        case .reactivated: reactivated
        case .erased: erased
        case .accessibleLockAdded: accessibleLockAdded
        case .accessibleLockRemoved: accessibleLockRemoved
        case .walletKeyPrepared: walletKeyPrepared
        case .walletKeyCommitted: walletKeyCommitted
        case .walletKeyRolledBack: walletKeyRolledBack
        case .walletKeyRemoved: walletKeyRemoved
        case .walletKeyAdded: walletKeyAdded
        case .physicalKeyAdded: physicalKeyAdded
        case .physicalKeyRemoved: physicalKeyRemoved
        case .plateAdded: plateAdded
        case .plateRemoved: plateRemoved
        case .deviceAdded: deviceAdded
        case .deviceRemoved: deviceRemoved
        }
    }
}

/// Whether contact data was set or removed.
private enum ContactChange: String, CaseIterable, WireValue {
    case set, removed
    init(_ masked: String?) { self = masked == nil ? .removed : .set }
}

/// The changes of a profile update in the shape of the contract, with masked values.
private struct HiddenChanges: WireValue {
    let fields: [UserAccount.ProfileField]

    static let schema = Schema.object(
        UserAccount.ProfileField.allCases.map { ($0.rawValue, Schema.object(["old": .string, "new": .string]).optional) })
    var json: JSON { .object(JSON.Object(fields.map { ($0.rawValue, ["old": "***", "new": "***"]) })) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> HiddenChanges? {
        JSON.Object.read(raw, at: path, &reading).map { changes in
            HiddenChanges(fields: UserAccount.ProfileField.allCases.filter { changes[$0.rawValue] != nil })
        }
    }
}
