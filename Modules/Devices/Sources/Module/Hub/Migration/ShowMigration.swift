import Application
import Kernel

/// How far a migration is.
struct ShowMigration: Query {
    let hub: Hub.ID
    let migration: HubMigration.ID
    var target: String { hub.text }

    private static let device = Shape<HubMigration.Device>(
        .member("deviceId") { $0.id }, .member("status") { $0.status }, .member("error") { $0.error })
    static let shape = Shape<HubMigration>(
        .member("migrationId") { $0.id }, .member("targetHubId") { $0.target }, .member("status") { $0.status },
        .member("migrated") { $0.devices.count { $0.status == .migrated } }, .member("total") { $0.devices.count },
        .list("devices", of: device) { $0.devices }, .member("startedBy") { $0.startedBy }, .member("startedAt") { $0.startedAt },
        .member("completedAt") { Nullable($0.completedAt) })

    func answer(_ snapshot: Snapshot<Hub>, _ request: Request, _ services: Services) async throws -> HubMigration {
        guard let found = snapshot.state.migration(migration) else {
            throw RequestError.refused(.unknown, code: nil, message: "There is no such migration.")
        }
        return found
    }

    static let operation = Operation.query(
        "/hubs/{id}/migrations/{migrationId}", "Follow a migration", allow: .tenant,
        inputs: .init(.path("id", "Id of the hub that the devices leave."), .path("migrationId", "The migration.")),
        make: ShowMigration.init(hub:migration:))
}
