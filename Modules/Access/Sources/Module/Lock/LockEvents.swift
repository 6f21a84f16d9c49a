import Kernel

extension Lock {
    static let events = EventRegistry(
        LockEvents(),
        personalState: [PersonalField("residents[].name", of: .sibling("user")), PersonalField("residents[].email", of: .sibling("user"))])
    static let views = [OwnedLocksView.view, LockKeysView.view, ResidentsView.view]
}

/// The events of a lock. Each one carries the lock, its uuid and the time.
struct LockEvents: EventForms {
    private static let lock: [DerivedMember<Lock>] = [
        DerivedMember("lockId") { lock, _ in LockID(lock.number) }, DerivedMember("uuid") { lock, _ in lock.uuid },
        DerivedMember("timestamp") { _, now in now },
    ]
    /// Events of temporary keys carry the lock's uuid under another name than the rest.
    private static let lockOfKey: [DerivedMember<Lock>] = [
        DerivedMember("lockId") { lock, _ in LockID(lock.number) }, DerivedMember("lockUuid") { lock, _ in lock.uuid },
        DerivedMember("timestamp") { _, now in now },
    ]

    let created = EventForm<Lock>(
        "LockCreated", "A lock was registered.",
        derived: [
            DerivedMember("timestamp") { _, now in now }, DerivedMember("thingName") { lock, _ in Optional(lock.uuid) },
            // Things here have no name of AWS; the contract has a place for it.
            DerivedMember("thingArn") { _, _ in String?.none },
        ],
        members: .init(
            .member("lockId"), .member("uuid"), .member("serialNumber"), .member("ownerId"), .tenant, .member("keys")),
        make: { (lock: LockID, uuid: UUIDText, serialNumber: SerialNumber?, owner: UserID?, org: OrgID?, keys: [Key]?) in
            .created(Installation(lock: lock, uuid: uuid, serialNumber: serialNumber, owner: owner, org: org, keys: keys ?? []))
        },
        take: { event in
            guard case .created(let it) = event else { return nil }
            return (it.lock, it.uuid, it.serialNumber, it.owner, it.org, it.keys.isEmpty ? nil : it.keys)
        })

    let ownerSet = EventForm<Lock>(
        "OwnerSet", "A lock got another owner.", derived: lock, members: .init(.member("userId")),
        make: Lock.Event.ownerSet, take: { if case .ownerSet(let user) = $0 { user } else { nil } })

    let organizationSet = EventForm<Lock>(
        "OrganizationSet", "A lock went to another tenant. Both tenants hear of it.", derived: lock, members: .init(.member("orgId")),
        make: Lock.Event.organizationSet, take: { if case .organizationSet(let org) = $0 { org } else { nil } })

    let uuidChanged = EventForm<Lock>(
        "LockUuidChanged", "The hardware of a lock was replaced.", derived: lock,
        members: .init(.member("newUuid"), .member("previousUuid")),
        make: Lock.Event.uuidChanged, take: { if case .uuidChanged(let new, let old) = $0 { (new, old) } else { nil } })

    let keyAdded = EventForm<Lock>(
        "KeyAdded", "A key was put on a lock.", derived: lock,
        members: .init(.member("keyUuid"), .member("keyIndexNumber"), .member("userId")),
        make: { .keyAdded(Key(id: $0, index: $1, user: $2)) },
        take: { if case .keyAdded(let key) = $0 { (key.id, key.index, key.user) } else { nil } })

    let keyRemoved = EventForm<Lock>(
        "KeyRemoved", "A key was taken from a lock.", derived: lock, members: .init(.member("keyUuid"), .member("keyIndexNumber")),
        make: Lock.Event.keyRemoved, take: { if case .keyRemoved(let key, let index) = $0 { (key, index) } else { nil } })

    let keyWriteRequested = EventForm<Lock>(
        "KeyWriteRequested", "A lock was told to write a key to the card that is held to it.", derived: lock,
        members: .init(.member("keyUuid"), .member("keyIndexNumber")),
        make: Lock.Event.keyWriteRequested, take: { if case .keyWriteRequested(let key, let index) = $0 { (key, index) } else { nil } })

    let openRequested = EventForm<Lock>(
        "LockOpenRequested", "A lock was told to open.", derived: lock, members: .init(.member("reason"), .member("requestId")),
        make: Lock.Event.openRequested, take: { if case .openRequested(let reason, let request) = $0 { (reason, request) } else { nil } })

    let residentAdded = EventForm<Lock>(
        "ResidentAdded", "Somebody hears the doorbell of a lock from now on.", derived: lock,
        members: .init(.member("userId"), .personal("name", of: "userId"), .personal("email", of: "userId")),
        make: { .residentAdded(Resident(user: $0, name: $1, email: $2)) },
        take: { if case .residentAdded(let resident) = $0 { (resident.user, resident.name, resident.email) } else { nil } })

    let residentRemoved = EventForm<Lock>(
        "ResidentRemoved", "Somebody hears the doorbell of a lock no more.", derived: lock,
        members: .init(.member("userId"), .personal("email", of: "userId")),
        make: Lock.Event.residentRemoved, take: { if case .residentRemoved(let user, let email) = $0 { (user, email) } else { nil } })

    let tempKeyCreated = EventForm<Lock>(
        "TempKeyCreated", "A temporary key was made for a lock.", derived: lockOfKey,
        members: .init(
            .member("tempKeyUuid"), .member("accessMode"), .member("allowedUserIds"), .member("validFrom"), .member("validUntil"),
            .member("maxUses"),
            .member("createdBy")),
        make: {
            (key: TempKey.ID, mode: AccessMode, users: [UserID]?, from: Timestamp, until: Timestamp, maxUses: Nullable<Int>?, by: String) in
            let users = mode == .whitelist ? users ?? [] : nil
            return .tempKeyCreated(TempKeyNotice(key: key, users: users, from: from, until: until, maxUses: maxUses?.value, createdBy: by))
        },
        take: { event in
            guard case .tempKeyCreated(let it) = event else { return nil }
            return (it.key, it.users == nil ? .everybody : .whitelist, it.users, it.from, it.until, Nullable(it.maxUses), it.createdBy)
        })

    let tempKeyUsed = EventForm<Lock>(
        "TempKeyUsed", "A temporary key opened a lock.", derived: lockOfKey,
        members: .init(.member("tempKeyUuid"), .member("userId"), .member("usedCount")),
        make: { .tempKeyUsed(TempKeyUse(key: $0, user: $1, count: $2)) },
        take: { if case .tempKeyUsed(let use) = $0 { (use.key, use.user, use.count) } else { nil } })

    let tempKeyUpdated = EventForm<Lock>(
        "TempKeyUpdated", "A temporary key for a lock was changed.", derived: lockOfKey,
        members: .init(.member("tempKeyUuid"), .member("changes"), .member("updatedBy")),
        make: Lock.Event.tempKeyUpdated,
        take: { if case .tempKeyUpdated(let key, let changes, let by) = $0 { (key, changes, by) } else { nil } })

    let tempKeyDeleted = EventForm<Lock>(
        "TempKeyDeleted", "A temporary key opens a lock no more.", derived: lockOfKey,
        members: .init(.member("tempKeyUuid"), .member("deletedBy")),
        make: Lock.Event.tempKeyDeleted, take: { if case .tempKeyDeleted(let key, let by) = $0 { (key, by) } else { nil } })

    func form(of event: Lock.Event) -> EventForm<Lock> {
        switch event {
        case .created: created
        case .ownerSet: ownerSet
        case .organizationSet: organizationSet
        case .uuidChanged: uuidChanged
        case .keyAdded: keyAdded
        case .keyRemoved: keyRemoved
        case .keyWriteRequested: keyWriteRequested
        case .openRequested: openRequested
        case .residentAdded: residentAdded
        case .residentRemoved: residentRemoved
        case .tempKeyCreated: tempKeyCreated
        case .tempKeyUsed: tempKeyUsed
        case .tempKeyUpdated: tempKeyUpdated
        case .tempKeyDeleted: tempKeyDeleted
        }
    }
}

extension Lock.Event {
    /// Whether the event may end a right to open the lock or to have a key on its device. Exhaustive, so that new events are considered.
    var mayEndRights: Bool {
        switch self {
        case .ownerSet, .organizationSet, .uuidChanged, .keyRemoved, .tempKeyUpdated, .tempKeyDeleted: true
        case .created, .keyAdded, .keyWriteRequested, .openRequested, .residentAdded, .residentRemoved, .tempKeyCreated, .tempKeyUsed: false
        }
    }
}
