import IdentityContracts
import Kernel

/// How a request names a person: by id, by address, or by number; the first that is given counts.
struct PersonSelector: Sendable, Equatable {
    let user: UserID?
    let email: String?
    let phone: String?

    var isEmpty: Bool { user == nil && email == nil && phone == nil }

    /// The person's id; nil when nobody matches. Ids are taken as they are.
    func find(_ request: Request, _ services: Services) async throws -> UserID? {
        if let user { return user }
        guard !isEmpty else { return nil }
        let question = FindPerson(email: email, phone: phone)
        return try await services.bus.ask(question, trace: request.trace, now: services.clock()).user
    }
}

extension String {
    /// An address as events keep it: trimmed, in lower case.
    var normalisedAddress: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()).lowercased()
    }
}
