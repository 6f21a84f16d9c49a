import Application
import IdentityContracts
import Kernel

/// How a request names a person: by id, by address, or by number; the first that is given counts.
struct PersonSelector: Sendable, Equatable {
    let user: UserID?
    let email: String?
    let phone: String?

    var isEmpty: Bool { user == nil && email == nil && phone == nil }

    /// Asks Identity for the person. Ids are taken as they are.
    func find(_ request: Request, _ services: Services) async throws -> PersonFound {
        guard user == nil, !isEmpty else { return PersonFound(user: user) }
        let question = FindPerson(email: email, phone: phone)
        return PersonFound(user: try await services.bus.ask(question, trace: request.trace, now: services.clock()).user)
    }
}

/// Whom a selector stands for; nobody when nobody matches.
struct PersonFound: Sendable, Equatable {
    let user: UserID?
}

extension String {
    /// An address as events keep it: trimmed, in lower case.
    var normalisedAddress: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()).lowercased()
    }
}
