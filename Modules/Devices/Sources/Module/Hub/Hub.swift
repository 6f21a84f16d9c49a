import DevicesContracts
import Kernel

/// A gateway in a building, from manufacture to the end of its service.
struct Hub: Aggregate {
    static let category = Category("hub", className: "HubAggregate", schemaVersion: 2)
    typealias ID = Kernel.ID<Hub>

    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case unknown = "Unknown", provisioned = "Provisioned", claimed = "Claimed", suspended = "Suspended", decommissioned =
            "Decommissioned"
    }

    enum Event: Sendable, Equatable {
        case provisioned(Hardware, at: Timestamp)
        case claimed(Claim, at: Timestamp)
        case reclaimed(Claim, from: Place, reason: Reason, at: Timestamp)
        case roleSet(isPrimary: Bool, by: UserID, at: Timestamp)
        case suspended(Intervention, at: Timestamp)
        case resumed(Intervention, at: Timestamp)
        case decommissioned(Intervention, at: Timestamp)
        case credentialsIssued(by: String, at: Timestamp)
        case migrationStarted(HubMigration)
        case deviceMigrated(HubMigration.Device, in: HubMigration.ID, at: Timestamp)
        case migrationCompleted(HubMigration.ID, HubMigration.Status, at: Timestamp)
    }

    /// The manufactured hardware.
    struct Hardware: Sendable, Equatable, Codable {
        let hub: Hub.ID
        let serial: NonEmptyString
        let model: NonEmptyString
        let thing: ThingName
        let vendor: String?
    }

    /// The tenant and site of a hub, and the user who claimed it.
    struct Claim: Sendable, Equatable, Codable {
        let org: OrgID
        let site: Site.ID
        let user: UserID
    }

    enum Site { typealias ID = Kernel.ID<Site> }

    /// Where a hub stands, and whose it is.
    struct Place: Sendable, Equatable, Codable {
        let org: OrgID
        let site: Site.ID
    }

    /// Who changed the standing of a hub, and why.
    struct Intervention: Sendable, Equatable, Codable {
        let reason: Reason
        let user: UserID
    }

    private(set) var status = Status.unknown
    private(set) var hardware: Hardware?
    private(set) var provisionedAt: Timestamp?
    private(set) var claim: Claim?
    private(set) var claimedAt: Timestamp?
    private(set) var isPrimary = false
    /// The latest migrations of its devices to other hubs, oldest first.
    private(set) var migrations: [HubMigration] = []

    mutating func apply(_ event: Event) {
        switch event {
        case .provisioned(let hardware, let at):
            status = .provisioned
            self.hardware = hardware
            provisionedAt = at
        case .claimed(let claim, let at):
            status = .claimed
            self.claim = claim
            claimedAt = at
        case .reclaimed(let claim, _, _, let at):
            status = .claimed
            self.claim = claim
            claimedAt = at
        case .roleSet(let isPrimary, _, _): self.isPrimary = isPrimary
        case .suspended: status = .suspended
        case .resumed: status = claim == nil ? .provisioned : .claimed
        case .decommissioned: status = .decommissioned
        case .credentialsIssued: break
        case .migrationStarted(let migration): migrations = migrations.suffix(Self.maxMigrations - 1) + [migration]
        case .deviceMigrated(let device, let id, _):
            if let place = migrations.firstIndex(where: { $0.id == id }) {
                migrations[place].set(device.status, of: device.id, error: device.error)
            }
        case .migrationCompleted(let id, let status, let at):
            if let place = migrations.firstIndex(where: { $0.id == id }) { migrations[place].complete(status, at: at) }
        }
    }

    /// How many migrations can be followed.
    private static let maxMigrations = 10

    func migration(_ id: HubMigration.ID) -> HubMigration? { migrations.first { $0.id == id } }

    var organisation: OrgID? { claim?.org }
    /// Maximum number of devices that register themselves behind a hub.
    static let maxDevices = 500
    /// Whether nothing behind it takes commands.
    var isOutOfService: Bool { status == .suspended || status == .decommissioned }

    /// A hub that moves is told of to both tenants.
    func audience(of event: Event, before: Hub) -> [OrgID] {
        [before.organisation, organisation].compactMap(\.self).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// The move of devices from one hub to another of the same tenant.
struct HubMigration: Sendable, Equatable, Codable {
    enum Migration {}
    typealias ID = Kernel.ID<Migration>

    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case running = "Running", completed = "Completed", withErrors = "Completed with errors", failed = "Failed"
    }
    enum DeviceStatus: String, Codable, Sendable, CaseIterable, WireValue {
        case queued = "Queued", migrating = "Migrating", migrated = "Migrated", blocked = "Blocked", failed = "Failed"
        var isFinal: Bool { self != .queued && self != .migrating }
    }

    /// One device on its way.
    struct Device: Sendable, Equatable, Codable {
        typealias ID = Kernel.ID<Device>
        let id: ID
        var status = DeviceStatus.queued
        /// Why it was not moved.
        var error: String?
    }

    let id: ID
    let target: Hub.ID
    let targetThing: ThingName
    private(set) var devices: [Device]
    let startedBy: UserID
    let startedAt: Timestamp
    private(set) var status = Status.running
    private(set) var completedAt: Timestamp?

    init(id: ID, target: Hub.ID, targetThing: ThingName, devices: [Device.ID], startedBy: UserID, startedAt: Timestamp) {
        self.id = id
        self.target = target
        self.targetThing = targetThing
        self.devices = devices.map { Device(id: $0) }
        self.startedBy = startedBy
        self.startedAt = startedAt
    }

    mutating func set(_ status: DeviceStatus, of device: Device.ID, error: String?) {
        guard let place = devices.firstIndex(where: { $0.id == device }) else { return }
        (devices[place].status, devices[place].error) = (status, error)
    }

    mutating func complete(_ status: Status, at moment: Timestamp) { (self.status, completedAt) = (status, moment) }

    /// How it has ended, once every device has.
    var outcome: Status {
        let moved = devices.count { $0.status == .migrated }
        return moved == devices.count ? .completed : moved == 0 ? .failed : .withErrors
    }
}
