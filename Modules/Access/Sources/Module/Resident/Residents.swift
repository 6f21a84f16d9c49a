import Application
import IdentityContracts
import Kernel

/// The residents of a lock, for the panel at the door. Email addresses are shown to managers only, phone numbers never.
struct Residents: Query {
    let lock: LockID
    var target: String { lock.description }

    struct Listed: Sendable {
        let resident: Resident
        let showsEmail: Bool
        let hasPhone: Bool
    }

    private static let listed = Shape<Listed>(
        .member("userId") { $0.resident.user }, .member("name") { $0.resident.name },
        .member("email") { $0.showsEmail ? $0.resident.email : nil },
        .member("hasPhone") { $0.hasPhone })
    static let shape = Shape<[Listed]>(.list("residents", of: listed) { $0 })

    func answer(_ snapshot: Snapshot<Lock>, _ request: Request, _ services: Services) async throws -> [Listed] {
        let residents = snapshot.state.residents, isManager = try await snapshot.state.isManaged(by: request.caller, services)
        let reachable = try? await services.bus.ask(
            PeopleWithPhone(users: residents.map(\.user)), trace: request.trace, now: services.clock()
        ).users
        let withPhone = Set(reachable ?? [])
        return residents.map { Listed(resident: $0, showsEmail: isManager, hasPhone: withPhone.contains($0.user)) }
    }

    private static let rule = Rule<Residents, Lock>(
        "everybody where the installation allows it, otherwise who manages the lock or lives there", by: .optional,
        admits: { caller, settings in caller != .anonymous || settings[AccessSettings.allowsAnonymousResidents] },
        confirms: { _, lock, caller, services in
            if services.settings[AccessSettings.allowsAnonymousResidents] { return true }
            if let user = caller.user, lock.resident(user) != nil { return true }
            return try await lock.isManaged(by: caller, services)
        },
        permits: { _, _, _ in true })

    static let operation = Operation.query(
        "/locks/{id}/residents", "List the residents of a lock", allow: rule, inputs: .init(.path("id", "Number of the lock.")),
        make: Residents.init(lock:)
    )
}
