import IdentityContracts
import Kernel

/// A user, limited to facts that events may contain: status, keys, plates, devices and the locks in the app's list. Contact data is kept
/// separately, in `Contacts`.
struct UserAccount: Aggregate {
    static let category = Category("user", className: "UserAggregate", schemaVersion: 4)
    // Personal data besides ids: plates, free texts, links of passes.

    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case none = "NONE", active = "ACTIVE", inactive = "INACTIVE", suspended = "SUSPENDED"
    }

    enum Event: Sendable, Equatable {
        case created(UserID, org: OrgID?)
        /// The masked address; nil when it was removed.
        case emailUpdated(masked: String?)
        case phoneUpdated(masked: String?)
        case profileUpdated([ProfileField])
        case suspended(by: String, reason: String, at: Timestamp)
        case reactivated(by: String, at: Timestamp)
        /// The user's data is erased; the log remains, but its personal fields can no longer be read.
        case erased(by: String, at: Timestamp)
        case accessibleLockAdded(AccessibleLock)
        case accessibleLockRemoved(AccessibleLock.ID, by: String, reason: String, at: Timestamp)
        case walletKeyPrepared(WalletKey)
        case walletKeyCommitted(WalletKey.ID, Pass, at: Timestamp)
        case walletKeyRolledBack(WalletKey.ID, reason: String, at: Timestamp)
        case walletKeyRemoved(WalletKey.ID, reason: String, at: Timestamp)
        /// The single-step event of old logs; no longer emitted.
        case walletKeyAdded(WalletKey)
        case physicalKeyAdded(PhysicalKey)
        case physicalKeyRemoved(PhysicalKey, at: Timestamp)
        case plateAdded(LicensePlate)
        case plateRemoved(PlateText)
        case deviceAdded(LinkedDevice)
        case deviceRemoved(LinkedDevice, by: String, reason: String, at: Timestamp)
    }

    /// The fields that a profile update may change.
    enum ProfileField: String, Codable, Sendable, CaseIterable { case firstName, lastName }

    private(set) var id: UserID = ""
    private(set) var status = Status.none
    /// The authors of the user's suspensions, as events name them: tenants, or the operator of the platform.
    private(set) var suspensions: [OrgID] = []
    /// The tenant whose key created the user.
    private(set) var org: OrgID?
    private(set) var accessibleLocks: [AccessibleLock] = []
    /// The one wallet key; another type replaces it.
    private(set) var walletKey: WalletKey?
    /// Wallet keys from before a user could have only one.
    private(set) var digitalKeys: [WalletKey] = []
    private(set) var physicalKeys: [PhysicalKey] = []
    private(set) var lastKeyNumber = 0
    private(set) var plates: [LicensePlate] = []
    private(set) var devices: [LinkedDevice] = []
    private(set) var isErased = false

    /// Maximum counts per user; limited because the state is stored as a whole.
    static let maxAccessibleLocks = 5_000, maxDevices = 200, maxPlates = 100, maxPhysicalKeys = 1_000

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let id, let org):
            self.id = id
            self.org = org
            status = .active
        case .emailUpdated, .phoneUpdated, .profileUpdated: break
        case .suspended(let author, _, _): if !suspensions.contains(OrgID(author)) { suspensions.append(OrgID(author)) }
        case .reactivated(let author, _):
            suspensions = Suspension.scope(of: author) == nil ? [] : suspensions.filter { $0 != OrgID(author) }
        case .erased:
            let (id, org, number) = (id, org, lastKeyNumber)
            self = UserAccount()
            self.id = id
            self.org = org
            lastKeyNumber = number
            status = .inactive
            isErased = true
        case .accessibleLockAdded(let lock): accessibleLocks.append(lock)
        case .accessibleLockRemoved(let lock, _, _, _): accessibleLocks.removeAll { $0.id == lock }
        case .walletKeyPrepared(let key): walletKey = key
        case .walletKeyCommitted(let id, let pass, _): if walletKey?.id == id { walletKey?.pass = pass }
        case .walletKeyRolledBack(let id, _, _), .walletKeyRemoved(let id, _, _):
            if walletKey?.id == id { walletKey = nil }
            digitalKeys.removeAll { $0.id == id }
        case .walletKeyAdded(let key): digitalKeys.append(key)
        case .physicalKeyAdded(let key):
            physicalKeys.append(key)
            lastKeyNumber = key.number
        case .physicalKeyRemoved(let key, _): physicalKeys.removeAll { $0.number == key.number }
        case .plateAdded(let plate): plates.append(plate)
        case .plateRemoved(let plate): plates.removeAll { $0.plate == plate }
        case .deviceAdded(let device): devices.append(device)
        case .deviceRemoved(let device, _, _, _): devices.removeAll { $0.id == device.id }
        }
    }
}

// MARK: - Questions the use cases ask

extension UserAccount {
    var exists: Bool { status != .none }
    var isGone: Bool { isErased }
    var isSuspendedEverywhere: Bool { suspensions.contains(OrgID(Suspension.platform)) }

    /// Returns the status that the caller may see: a suspension by a tenant is visible only to that tenant, super keys and staff.
    func status(for caller: Caller) -> Status {
        let isShown =
            isSuspendedEverywhere
            || (caller.isSuper || caller.isStaff ? !suspensions.isEmpty : caller.org.map { suspensions.contains($0) } ?? false)
        return isShown ? .suspended : status
    }
    func lists(_ lock: AccessibleLock.ID) -> Bool { accessibleLocks.contains { $0.id == lock } }
    func plate(_ plate: PlateText) -> LicensePlate? { plates.first { $0.plate == plate } }
    func device(_ id: LinkedDevice.ID) -> LinkedDevice? { devices.first { $0.id == id } }
    func knows(walletKey id: WalletKey.ID) -> Bool { walletKey?.id == id || digitalKeys.contains { $0.id == id } }

    /// Returns a metal key if the caller may see it; for an API key, the keys of other tenants do not exist.
    func physicalKey(_ number: Int, for caller: Caller) -> PhysicalKey? {
        physicalKeys.first { $0.number == number && (caller.org == nil || $0.org == caller.org) }
    }

    var organisation: OrgID? { org }

    /// Returns the tenants that receive an event: the tenant that an entry belongs to, otherwise the one that created the user.
    func audience(of event: Event, before: UserAccount) -> [OrgID] {
        switch event {
        case .erased: []
        // The tenant that acted; an action of the operator goes to the tenant that created the user.
        case .suspended(let author, _, _), .reactivated(let author, _): Suspension.scope(of: author).map { [$0] } ?? org.map { [$0] } ?? []
        case .physicalKeyAdded(let key), .physicalKeyRemoved(let key, _): [key.org]
        case .deviceAdded(let device), .deviceRemoved(let device, _, _, _): [device.org]
        default: org.map { [$0] } ?? []
        }
    }
}

/// A lock in the list that the app shows. It grants no access by itself.
struct AccessibleLock: Sendable, Equatable, Codable {
    /// Opaque: the number of a lock as text, or its uuid.
    typealias ID = Kernel.ID<AccessibleLock>
    enum Level: String, Codable, Sendable, CaseIterable, WireValue { case owner = "OWNER", admin = "ADMIN", user = "USER", guest = "GUEST" }

    let id: ID
    let name: String
    let level: Level
    let grantedBy: String
    var validFrom: Timestamp?
    var validUntil: Timestamp?

    /// Whether the entry is shown: only within its time window.
    func isCurrent(at now: Timestamp) -> Bool { (validFrom.map { $0 <= now } ?? true) && (validUntil.map { now < $0 } ?? true) }
}

/// A metal key that a user holds.
struct PhysicalKey: Sendable, Equatable, Codable {
    let number: Int
    let org: OrgID
    var orgName: String?
    var note: String?
    let addedAt: Timestamp

    static let shape = Shape<PhysicalKey>(
        .member("number") { $0.number }, .member("orgId") { $0.org }, .member("orgName") { $0.orgName }, .member("note") { $0.note },
        .milliseconds("addedAt") { $0.addedAt })
}

/// The plate of a vehicle that may pass gates for its owner.
struct LicensePlate: Sendable, Equatable, Codable {
    let plate: PlateText
    let label: String
    let addedAt: Timestamp

    static let shape = Shape<LicensePlate>(
        .member("plate") { $0.plate }, .member("label") { $0.label }, .milliseconds("addedAt") { $0.addedAt })
}

/// A device of another module that is shown with the user.
struct LinkedDevice: Sendable, Equatable, Codable {
    typealias ID = Kernel.ID<LinkedDevice>
    enum Kind: String, Codable, Sendable, CaseIterable, WireValue { case matter, camera, rtspCamera = "rtsp-camera" }

    let id: ID
    let kind: Kind
    let org: OrgID
    var name: String?
    var addedBy: String?
    let addedAt: Timestamp

    static let shape = Shape<LinkedDevice>(
        .member("deviceId") { $0.id }, .member("deviceType") { $0.kind }, .member("orgId") { $0.org }, .member("name") { $0.name },
        .member("addedBy") { $0.addedBy }, .member("addedAt") { $0.addedAt })
}
