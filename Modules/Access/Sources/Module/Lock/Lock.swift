import Kernel

/// A lock: its hardware, its owner, its tenant, the keys that open it, and the residents who hear its doorbell.
struct Lock: Aggregate {
    static let category = Category("lock", className: "LockAggregate", schemaVersion: 3)

    enum Event: Sendable, Equatable {
        case created(Installation)
        case ownerSet(UserID)
        case organizationSet(OrgID)
        case uuidChanged(to: UUIDText, from: UUIDText)
        case keyAdded(Key)
        case keyRemoved(Key.ID, index: Int?)
        case keyWriteRequested(Key.ID, index: Int?)
        case openRequested(reason: String?, request: String?)
        case residentAdded(Resident)
        case residentRemoved(UserID, email: String?)
        case tempKeyCreated(TempKeyNotice)
        case tempKeyUsed(TempKeyUse)
        case tempKeyUpdated(TempKey.ID, TempKeyChanges, by: String)
        case tempKeyDeleted(TempKey.ID, by: String)
    }

    private(set) var number = 0
    private(set) var uuid: UUIDText = ""
    private(set) var serialNumber: SerialNumber?
    private(set) var owner: UserID?
    private(set) var org: OrgID?
    private(set) var keys: [Key] = []
    private(set) var residents: [Resident] = []
    private(set) var hands = LockHands()

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let installation):
            number = installation.lock.number
            uuid = installation.uuid
            serialNumber = installation.serialNumber
            owner = installation.owner
            org = installation.org
            keys = installation.keys
        case .ownerSet(let user):
            owner = user
            hands.owner += 1
        case .organizationSet(let org):
            self.org = org
            hands.tenant += 1
        case .uuidChanged(let uuid, _): self.uuid = uuid
        case .keyAdded(let key): keys.append(key)
        case .keyRemoved(let id, _): keys.removeAll { $0.id == id }
        case .residentAdded(let resident): residents.append(resident)
        case .residentRemoved(let user, _): residents.removeAll { $0.user == user }
        case .keyWriteRequested, .openRequested, .tempKeyCreated, .tempKeyUsed, .tempKeyUpdated, .tempKeyDeleted: break
        }
    }
}

extension Lock {
    /// Returns whether an event changes the state. Most events do not, so a lock with many keys is not rewritten on each open.
    static func changesState(_ event: Event) -> Bool {
        switch event {
        case .created, .ownerSet, .organizationSet, .uuidChanged, .keyAdded, .keyRemoved, .residentAdded, .residentRemoved: true
        case .keyWriteRequested, .openRequested, .tempKeyCreated, .tempKeyUsed, .tempKeyUpdated, .tempKeyDeleted: false
        }
    }

    /// The most keys and residents that a lock accepts.
    static let maxKeys = 5_000, maxResidents = 1_000
}

/// The initial data of a lock.
struct Installation: Sendable, Equatable {
    let lock: LockID
    let uuid: UUIDText
    var serialNumber: SerialNumber?
    var owner: UserID?
    var org: OrgID?
    var keys: [Key] = []
}

/// A user who hears the doorbell. This alone gives no right to open the lock.
struct Resident: Sendable, Equatable, Codable {
    let user: UserID
    let name: String
    var email: String?

    static let shape = Shape<Resident>(.member("userId") { $0.user }, .member("name") { $0.name }, .member("email") { $0.email })
}

// MARK: - Queries of the use cases

extension Lock {
    func key(_ id: Key.ID) -> Key? { keys.first { $0.id == id } }
    func key(at index: Int) -> Key? { keys.first { $0.index == index } }
    func isHeld(by user: UserID) -> Bool { owner == user || keys.contains { $0.user == user } }
    func isOwned(by user: UserID) -> Bool { owner == user }
    func belongs(to tenant: OrgID) -> Bool { org == tenant }
    func resident(_ user: UserID) -> Resident? { residents.first { $0.user == user } }

    var organisation: OrgID? { org }
    /// Partners identify a lock by its hardware.
    var publicID: String? { uuid.text }

    /// A transfer is published to both the previous and the new tenant.
    func audience(of event: Event, before: Lock) -> [OrgID] {
        guard case .organizationSet(let new) = event, let old = before.org, old != new else { return org.map { [$0] } ?? [] }
        return [new, old]
    }

    /// A hardware uuid belongs to one lock.
    static func claims(of event: Event, before: Lock) -> [Claim] {
        switch event {
        case .created(let installation): [.take(kind: "lock-uuid", value: installation.uuid.text)]
        case .uuidChanged(let new, let old) where new != old:
            [.take(kind: "lock-uuid", value: new.text), .release(kind: "lock-uuid", value: old.text)]
        default: []
        }
    }
}
