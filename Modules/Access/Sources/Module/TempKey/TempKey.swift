import Kernel

/// A temporary key for guests: one to fifty doors, a period of validity, and an optional limit on uses. It serves both generations of the
/// API: a key for a single lock has a single door.
struct TempKey: Aggregate {
    static let category = Category("temp-key", className: "TempKeyAggregate", schemaVersion: 2)
    typealias ID = UUIDText

    /// Internal events; the lock's events notify partners.
    enum Event: Sendable, Equatable {
        case created(Definition)
        case changed(TempKeyChanges, by: String)
        case revoked(by: String, at: Timestamp)
        /// The key no longer opens these doors; the others stay.
        case doorsEnded([Int], by: String, at: Timestamp)
        case useReserved(ActionID)
        case useReturned(ActionID)
    }

    /// The data of a key at its creation.
    struct Definition: Sendable, Equatable, Codable {
        let id: TempKey.ID
        let isShared: Bool
        let doors: [Door]
        let users: [UserID]?
        let from: Timestamp
        let until: Timestamp
        let maxUses: Int?
        let description: String?
        /// The PIN, encrypted.
        let sealedPin: String?
        let createdBy: String
        let createdAt: Timestamp
        /// Whose right to the locks the key depends on; nil for older keys.
        var giver: Giver?
    }

    /// Whose right a key depends on. The key ends with that right.
    enum Giver: String, Codable, Sendable {
        case tenant, owner, platform

        init(_ caller: Caller) {
            switch caller {
            case .user: self = .owner
            case .key(_, isSuper: false): self = .tenant
            case .key(_, isSuper: true), .staff, .anonymous: self = .platform
            }
        }
    }

    /// One door of a key.
    struct Door: Sendable, Equatable, Codable {
        enum Method: String, Codable, Sendable, CaseIterable, WireValue { case key, code, both }
        /// The number within the key, from 1.
        let id: Int
        let lock: LockID
        let lockUuid: UUIDText
        let label: String?
        let method: Method
        /// How often the lock had changed tenant and owner when the key was created; nil for older keys.
        var hands: LockHands?

        /// Whether the page has a control for the door, and whether the PIN opens it.
        var opensFromPage: Bool { method != .code }
        var acceptsPin: Bool { method != .key }
    }

    private(set) var id: TempKey.ID = ""
    /// Whether the key was created by the API for several doors.
    private(set) var isShared = false
    private(set) var doors: [Door] = []
    /// The users who may use the key; nil if anyone with the link may.
    private(set) var users: [UserID]?
    private(set) var from = Timestamp(milliseconds: 0)
    private(set) var until = Timestamp(milliseconds: 0)
    private(set) var maxUses: Int?
    private(set) var description: String?
    private(set) var sealedPin: String?
    private(set) var createdBy = ""
    private(set) var createdAt = Timestamp(milliseconds: 0)
    private(set) var giver: Giver?
    /// The ids of doors that the key no longer opens.
    private(set) var endedDoors: [Int] = []
    private(set) var revokedAt: Timestamp?
    private(set) var usedCount = 0
    /// Uses that may still be returned.
    private(set) var recentUses: [ActionID] = []
    private static let remembered = 50

    /// The definition with all later changes applied.
    var definition: Definition {
        Definition(
            id: id, isShared: isShared, doors: doors, users: users, from: from, until: until, maxUses: maxUses, description: description,
            sealedPin: sealedPin,
            createdBy: createdBy, createdAt: createdAt, giver: giver)
    }

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let definition):
            id = definition.id
            isShared = definition.isShared
            doors = definition.doors
            users = definition.users
            from = definition.from
            until = definition.until
            maxUses = definition.maxUses
            description = definition.description
            sealedPin = definition.sealedPin
            createdBy = definition.createdBy
            createdAt = definition.createdAt
            giver = definition.giver
        case .changed(let changes, _): apply(changes)
        case .revoked(_, let at): revokedAt = at
        case .doorsEnded(let ids, _, _): endedDoors += ids.filter { !endedDoors.contains($0) }
        case .useReserved(let action):
            usedCount += 1
            recentUses = recentUses.suffix(Self.remembered - 1) + [action]
        case .useReturned(let action):
            guard let place = recentUses.firstIndex(of: action) else { return }
            recentUses.remove(at: place)
            usedCount -= 1
        }
    }

    mutating func apply(_ changes: TempKeyChanges) {
        (from, until) = (changes.from ?? from, changes.until ?? until)
        if let limit = changes.maxUses { maxUses = limit.value }
        if let users = changes.users, self.users != nil || changes.isWhitelist == true { self.users = users }
        if changes.isWhitelist == false { users = nil }
        if changes.isWhitelist == true, users == nil { users = [] }
    }
}

// MARK: - Queries of the use cases

extension TempKey {
    var exists: Bool { !doors.isEmpty }

    var isRevoked: Bool { revokedAt != nil }
    func door(_ id: Int) -> Door? { doors.first { $0.id == id } }
    func door(of lock: LockID) -> Door? { doors.first { $0.lock == lock } }
    var firstDoorOfPage: Door? { doors.first { $0.opensFromPage } }
    var locks: [LockID] { doors.map(\.lock).reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }

    /// The status of a key, most severe first.
    enum Status: String, Sendable, CaseIterable, WireValue {
        case revoked, expired, usedUp = "used-up", notYetValid = "not-yet-valid", valid
    }

    func status(at now: Timestamp) -> Status {
        if isRevoked { return .revoked }
        if now >= until { return .expired }
        if let maxUses, usedCount >= maxUses { return .usedUp }
        return now < from ? .notYetValid : .valid
    }

    /// Returns whether the key is for the given user.
    func isFor(_ user: UserID?) -> Bool { users.map { list in user.map(list.contains) ?? false } ?? true }

    var organisation: OrgID? { nil }
    static func claims(of event: Event, before: TempKey) -> [Claim] { [] }
}
