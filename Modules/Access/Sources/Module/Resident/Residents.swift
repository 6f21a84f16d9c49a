import IdentityContracts
import Kernel

/// The residents of a lock, for the panel at the door. Addresses are shown to managers only, numbers to nobody.
enum Residents {
    private static let schema = Schema.object([
        "residents": .list(of: .object(["userId": .string, "name": .string, "email": .string.optional, "hasPhone": .boolean]))
    ])

    static let operation = Operation.custom(
        .get, "/locks/{id}/residents", "List the residents of a lock",
        by: .optional, allow: "everybody where the installation allows it, otherwise who manages the lock or lives there",
        answers: [
            Answer(200, "The residents.", schema), Answer(401, "Credentials are needed here."), Answer(403, "The lock is not the caller's."),
            Answer(404, "There is no such lock."),
        ],
        input: .path("id", "Number of the lock."), .request
    ) { (services: Services, lock: LockID, request: Request) in
        guard request.caller != .anonymous || services.settings.allowsAnonymousResidents else {
            throw Failure.unauthenticated("This operation needs an API key in X-API-Key or a bearer token in Authorization.")
        }
        let snapshot = try await services.store.load(Lock.self, lock.description)
        guard snapshot.exists else { throw Failure.refused(.unknown, code: nil, words: "There is no lock '\(lock)'.") }
        let residents = snapshot.state.residents, isManager = try await snapshot.state.isManaged(by: request.caller, services)
        let livesThere = request.caller.user.map { user in residents.contains { $0.user == user } } ?? false
        guard isManager || livesThere || services.settings.allowsAnonymousResidents else {
            throw Failure.refused(.forbidden, code: nil, words: "Only who manages the lock or lives there may see its residents.")
        }
        let reachable = try? await services.bus.ask(PeopleWithPhone(users: residents.map(\.user)), trace: request.trace, now: services.clock()).users
        let withPhone = Set(reachable ?? [])
        return .json(
            200,
            [
                "residents": .array(
                    residents.map { resident in
                        [
                            "userId": resident.user.json, "name": .string(resident.name), "email": isManager ? resident.email?.json : nil,
                            "hasPhone": .bool(withPhone.contains(resident.user)),
                        ]
                    })
            ])
    }
}
