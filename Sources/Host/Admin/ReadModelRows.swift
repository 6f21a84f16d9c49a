import AccessContracts
import Application
import DevicesContracts
import IdentityContracts
import Kernel

/// What the read models know of the devices of a user: what the user may open, what the app shows, and the state of each. Every access is
/// logged.
struct ReadModelRows: Lookup {
    let user: UUIDText

    struct Row: Sendable {
        let device: String
        var role: String?
        var permissions = 0
        var links = 0
        var lock: String?
        var state: DeviceStates.State?
    }

    struct Found: Sendable {
        let user: UUIDText
        let rows: [Row]
    }

    private static let row = Shape<Row>(
        .member("deviceUuid") { $0.device }, .member("role") { Nullable($0.role) }, .member("permissionRows") { $0.permissions },
        .member("visibilityRows") { $0.links }, .member("duplicate") { $0.permissions > 1 || $0.links > 1 },
        .member("hasPermission") { $0.permissions > 0 }, .member("hasVisibility") { $0.links > 0 },
        .member("deviceStateFound") { $0.state != nil }, .member("deviceType") { Nullable($0.state?.type) },
        .member("lockId") { Nullable($0.lock) }, .member("thingName") { Nullable($0.state?.thing) },
        .member("online") { Nullable($0.state?.isOnline) })
    static let missing: String? = nil
    static let shape = Shape<Found>(
        .member("userId") { $0.user }, .member("permissionCount") { $0.rows.map(\.permissions).reduce(0, +) },
        .member("visibilityCount") { $0.rows.map(\.links).reduce(0, +) },
        .member("deviceStateCount") { $0.rows.count { $0.state != nil } }, .list("rows", of: row) { $0.rows })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        let now = services.clock(), user = UserID(user.text), trace = request.trace
        async let owned = services.bus.ask(OwnedLocks(owner: user), trace: trace, now: now)
        async let linked = services.bus.ask(DevicesOfPerson(user: user), trace: trace, now: now)
        var rows: [String: Row] = [:]
        for lock in try await owned.locks {
            var row = rows[lock.uuid] ?? Row(device: lock.uuid)
            row.role = "owner"
            row.permissions += 1
            row.lock = lock.uuid
            rows[lock.uuid] = row
        }
        for device in try await linked.devices { rows[device, default: Row(device: device)].links += 1 }
        let things = rows.keys.map { ThingName($0) }
        for state in try await services.bus.ask(DeviceStates(devices: things), trace: trace, now: now).states {
            rows[state.device]?.state = state
        }
        services.log.notice("Staff has read the devices of a user", ["staff": request.caller.name, "user": user.text])
        return Found(user: self.user, rows: rows.values.sorted { $0.device < $1.device })
    }

    static let operation = Operation.lookup(
        "/admin/spacetimedb/users/{userId}/devices", "Look at what the read models know of a user's devices", allow: .staff,
        inputs: .init(.path("userId", "Id of the user, a UUID.")), make: ReadModelRows.init(user:))
}
