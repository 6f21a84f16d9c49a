public import Kernel

/// A person who is signed in to pages.
public struct WebSession: Codable, Sendable, Equatable {
    /// The identity provider's subject.
    public let sub: String
    public let email: String
    public var orgId: OrgID?
    /// What forms of this session must carry.
    public let csrf: String

    public init(sub: String, email: String, orgId: OrgID?, csrf: String) {
        self.sub = sub
        self.email = email
        self.orgId = orgId
        self.csrf = csrf
    }

    /// A new session with a token of its own.
    public init(sub: String, email: String, orgId: OrgID?) {
        self.init(sub: sub, email: email, orgId: orgId, csrf: UUIDText.secret().text)
    }

    public static let cookie = SignedCookie<WebSession>("spk_session", lifetime: .seconds(8 * 3_600))

    /// Throws for a form that does not come from a page of this session: another site may have sent it.
    /// - Parameter token: the form's hidden field.
    public func checkForgery(_ token: String?) throws {
        guard let token, Secret.areEqual(token, csrf) else {
            throw RequestError.refused(.forbidden, code: "CsrfFailed", message: "The form is not one of your session; load the page again.")
        }
    }
}

/// A message that is shown once, after a redirect. It may hold a secret: the browser keeps it encrypted and it is removed when it is read.
public struct Flash: Sendable, Equatable {
    public let text: String
    public init(_ text: String) { self.text = text }

    private static let name = "spk_flash", lifetime = Duration.seconds(60)

    /// Returns the cookie that carries it to the next page of a session.
    public func setting(for session: WebSession, isSecure: Bool, _ services: Services) throws -> Cookie {
        let sealed = try services.vault.seal(Array(text.utf8), Self.name, session.csrf)
        return Cookie(Self.name, Base64.encode(Array(sealed.utf8)), path: "/", isSecure: isSecure, lifetime: Self.lifetime)
    }

    /// Returns the message of a request, with the cookie that removes it; nil when there is none for this session.
    public static func take(from request: Request, for session: WebSession, isSecure: Bool, _ services: Services) -> (Flash, Cookie)? {
        guard let carried = request.cookie(name).flatMap({ Base64.decode($0) }), let sealed = String(validating: carried, as: UTF8.self),
            let text = try? services.vault.open(sealed, name, session.csrf)
        else { return nil }
        return (Flash(String(decoding: text, as: UTF8.self)), .removing(name, path: "/", isSecure: isSecure))
    }
}
