import Kernel

/// A person as a set of facts that may be told: status and the locks in the app's list. Contact data is kept apart, in `Contacts`.
struct UserAccount: Aggregate {
    static let category = Category("user", className: "UserAggregate")

    enum Status: String, Codable, Sendable, CaseIterable { case none = "NONE", active = "ACTIVE", inactive = "INACTIVE", suspended = "SUSPENDED" }

    enum Event: Sendable, Equatable {
        case created(UserID, org: OrgID?)
        case accessibleLockAdded(AccessibleLock)
        case accessibleLockRemoved(AccessibleLock.ID, by: String, reason: String, at: Moment)
        case physicalKeyAdded(PhysicalKey)
    }

    private(set) var id: UserID = ""
    private(set) var status = Status.none
    /// The tenant whose key created the user.
    private(set) var org: OrgID?
    private(set) var accessibleLocks: [AccessibleLock] = []
    private(set) var physicalKeys: [PhysicalKey] = []
    private(set) var lastKeyNumber = 0

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let id, let org): (self.id, self.org, status) = (id, org, .active)
        case .accessibleLockAdded(let lock): accessibleLocks.append(lock)
        case .accessibleLockRemoved(let lock, _, _, _): accessibleLocks.removeAll { $0.id == lock }
        case .physicalKeyAdded(let key):
            physicalKeys.append(key)
            lastKeyNumber = key.number
        }
    }

    var organisation: OrgID? { org }
    func lists(_ lock: AccessibleLock.ID) -> Bool { accessibleLocks.contains { $0.id == lock } }
}

/// A lock in the list that the app shows. Opens nothing by itself.
struct AccessibleLock: Sendable, Equatable, Codable {
    /// Opaque: the number of a lock in text, or its uuid.
    typealias ID = Kernel.ID<AccessibleLock>
    enum Level: String, Codable, Sendable, CaseIterable, WireValue { case owner = "OWNER", admin = "ADMIN", user = "USER", guest = "GUEST" }

    let id: ID
    let name: String
    let level: Level
    let grantedBy: String
    var validFrom: Moment?
    var validUntil: Moment?
}

/// A key of metal in a user's hands.
struct PhysicalKey: Sendable, Equatable, Codable {
    let number: Int
    let org: OrgID
    let orgName: String?
    let note: String?
    let addedAt: Moment

    var data: JSON.Object {
        ["number": number.json, "orgId": org.json, "orgName": orgName?.json, "note": note?.json, "addedAt": .int(addedAt.milliseconds)]
    }
}

// MARK: - On the wire

extension UserAccount {
    static func wire(_ event: Event, in state: UserAccount, at now: Moment) -> WireEvent {
        let user: JSON.Object = ["userId": state.id.json]
        switch event {
        case .created: return WireEvent("UserCreated", user.merging(["status": .string(Status.active.rawValue)]))
        case .accessibleLockAdded(let lock):
            return WireEvent(
                "AccessibleLockAdded",
                user.merging([
                    "lockId": lock.id.json, "lockName": .string(lock.name), "accessLevel": lock.level.json, "grantedBy": .string(lock.grantedBy),
                    "validFrom": lock.validFrom?.json, "validUntil": lock.validUntil?.json,
                ]))
        case .accessibleLockRemoved(let lock, let by, let reason, let at):
            return WireEvent(
                "AccessibleLockRemoved",
                user.merging([
                    "lockId": lock.json, "removedBy": .string(by), "reason": .string(reason), "removedAt": at.json,
                ]))
        case .physicalKeyAdded(let key): return WireEvent("PhysicalKeyAdded", user.merging(key.data))
        }
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data
        func text(_ name: String) -> String { data[name]?.text ?? "" }
        func moment(_ name: String) -> Moment? { data[name]?.text.flatMap(Moment.init(iso:)) }
        switch stored.wire.type {
        case "UserCreated": return .created(UserID(text("userId")), org: stored.org)
        case "AccessibleLockAdded":
            guard let level = AccessibleLock.Level(rawValue: text("accessLevel")) else { return nil }
            return .accessibleLockAdded(
                AccessibleLock(
                    id: AccessibleLock.ID(text("lockId")), name: text("lockName"), level: level, grantedBy: text("grantedBy"),
                    validFrom: moment("validFrom"), validUntil: moment("validUntil")))
        case "AccessibleLockRemoved":
            return .accessibleLockRemoved(
                AccessibleLock.ID(text("lockId")), by: text("removedBy"), reason: text("reason"), at: moment("removedAt") ?? Moment(milliseconds: 0))
        case "PhysicalKeyAdded":
            return .physicalKeyAdded(
                PhysicalKey(
                    number: Int(data["number"]?.integer ?? 0), org: OrgID(text("orgId")), orgName: data["orgName"]?.text, note: data["note"]?.text,
                    addedAt: Moment(milliseconds: data["addedAt"]?.integer ?? 0)))
        default: return nil
        }
    }

    /// A physical key concerns the tenant it belongs to, besides the one that made the user.
    func audience(of event: Event, before: UserAccount) -> [OrgID] {
        if case .physicalKeyAdded(let key) = event { return [key.org] }
        return org.map { [$0] } ?? []
    }
}
