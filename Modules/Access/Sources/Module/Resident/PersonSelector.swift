import Application
import IdentityContracts
import Kernel

/// Identifies a user in a request: by id, by email address or by phone number; the first one given is used.
struct PersonSelector: Sendable, Equatable {
    let user: UserID?
    let email: String?
    let phone: String?

    var isEmpty: Bool { user == nil && email == nil && phone == nil }

    /// Asks Identity for the user. Ids are used as given.
    func find(_ request: Request, _ services: Services) async throws -> PersonFound {
        guard user == nil, !isEmpty else { return PersonFound(user: user) }
        let question = FindPerson(email: email, phone: phone)
        return PersonFound(user: try await services.bus.ask(question, trace: request.trace, now: services.clock()).user)
    }
}

/// The user that a selector identifies; nil if none matches.
struct PersonFound: Sendable, Equatable {
    let user: UserID?
}

extension String {
    /// An email address as events store it: trimmed and in lower case.
    var normalisedAddress: String { trimmed.lowercased() }
}
