import AccessContracts
import Kernel

/// Everything that is known about a person, in one document.
struct ExportUser: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object([
        "userId": .string, "exportedAt": .time, "contact": .object, "account": .object, "events": .list(of: .object), "access": .object,
    ])

    private static let page = 1000

    /// Complete or not at all: when Access does not answer, there is no export.
    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> JSON {
        let record: JSON
        do { record = try await services.bus.ask(PersonalRecord(user: user), trace: request.trace, now: services.clock()).record } catch is AskFailure {
            throw Failure.unavailable("What Access knows about the person is not available now.", retryAfter: .seconds(2))
        }
        let contact = try await services.store.query(Contacts.find(user)).first
        func text(_ column: String) -> JSON? { contact?.text(column).map(JSON.string) }
        let known: JSON = [
            "email": text("email"), "firstName": text("first_name"), "lastName": text("last_name"), "phoneNumber": text("phone"),
            "identityProviderSubject": text("subject"), "createdAt": contact?.moment("created_at")?.json,
        ]
        var events: [JSON] = []
        while true {
            let found = try await services.store.history(snapshot.stream, events.count + 1, Self.page)
            events += found.map { ["version": $0.version.json, "timestamp": $0.at.json, "event": $0.wire.described] }
            guard found.count == Self.page else { break }
        }
        return [
            "userId": user.json, "exportedAt": services.clock().json, "contact": known, "account": try JSON(encoding: snapshot.state), "events": .array(events),
            "access": record,
        ]
    }

    static let operation = Operation.query(
        "/users/{id}/export", "Export everything that is known about a person",
        allow: Rule("the user, or a super key") { request, _, caller in caller.isSuper || caller.user == request.user },
        input: .path("id", "Id of the user."), make: ExportUser.init(user:)
    )
}
