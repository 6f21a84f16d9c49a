import AccessContracts
import Application
import Kernel

/// Everything that is known about a user, in one document.
struct ExportUser: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    struct Reply: Sendable {
        let user: UserID
        let at: Timestamp
        let contact: Contact?
        let account: JSON
        let events: [StoredEvent]
        let access: JSON
    }

    private static let contact = Shape<Contact?>(
        .member("email") { $0?.email }, .member("firstName") { $0?.firstName }, .member("lastName") { $0?.lastName },
        .member("phoneNumber") { $0?.phone },
        .member("identityProviderSubject") { $0?.subject }, .member("createdAt") { $0?.createdAt })
    private static let event = Shape<StoredEvent>(
        .member("version") { $0.version }, .member("timestamp") { $0.at }, .json("event", .object) { $0.wire.described })
    static let shape = Shape<Reply>(
        .member("userId") { $0.user }, .member("exportedAt") { $0.at }, .object("contact", contact) { $0.contact },
        .json("account", .object) { $0.account },
        .list("events", of: event) { $0.events }, .json("access", .object) { $0.access })

    private static let page = 1000

    /// Throws when Access does not answer, because an export must be complete.
    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) async throws -> Reply {
        let record: JSON
        do {
            record = try await services.bus.ask(PersonalRecord(user: user), trace: request.trace, now: services.clock()).record
        } catch is AskFailure {
            throw RequestError.unavailable("What Access knows about the person is not available now.", retryAfter: .seconds(2))
        }
        var events: [StoredEvent] = []
        while true {
            let found = try await services.store.history(snapshot.stream, events.count + 1, Self.page)
            events += found
            guard found.count == Self.page else { break }
        }
        return Reply(
            user: user, at: services.clock(), contact: try await services.contact(Contacts.find(user)),
            account: try JSON(encoding: snapshot.state), events: events,
            access: record)
    }

    static let operation = Operation.query(
        "/users/{id}/export", "Export everything that is known about a person",
        allow: Rule("the user, or a super key", admitsSuspended: true) { request, _, caller in caller.isSuper || caller.user == request.user
        },
        inputs: .init(.path("id", "Id of the user.")), make: ExportUser.init(user:)
    )
}
