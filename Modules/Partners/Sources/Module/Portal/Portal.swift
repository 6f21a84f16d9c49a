import Application
import Kernel
import PartnersContracts

/// What all pages of the portal share: the session, the language, and how failures are answered.
struct Portal {
    let request: Request
    let services: Services
    /// Who is signed in; nil for nobody.
    let session: WebSession?
    private let pages: PortalPages
    private let language: PageLanguage
    private let nonce: String

    static let home = "/portal/", dashboard = "/portal/dashboard", onboarding = "/portal/onboarding", signIn = "/portal/auth/login"

    private init(_ request: Request, _ services: Services) throws {
        self.request = request
        self.services = services
        pages = try services.port()
        language = PageLanguage(of: request)
        nonce = UUIDText(digest: services.vault.random(16)).text
        session = WebSession.cookie.value(in: request, isSecure: services.settings.isPublicSecure, services)
    }

    var isSecure: Bool { services.settings.isPublicSecure }
    /// Where the identity provider sends people back.
    var redirect: String {
        let base = services.settings[SharedSettings.publicURL]
        return (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/portal/auth/callback"
    }
    var frame: PortalFrame {
        PortalFrame(language: language, nonce: nonce, email: session?.email, csrf: session?.csrf ?? "")
    }

    func landing() -> Response { html(200, pages.landing(frame)) }
    func onboarding(_ page: OnboardingPage, status: Int = 200) -> Response { html(status, pages.onboarding(page)) }
    func dashboard(_ page: DashboardPage, status: Int = 200) -> Response { html(status, pages.dashboard(page)) }
    func trouble(_ status: Int, _ trouble: PortalTrouble) -> Response { html(status, pages.trouble(frame, trouble)) }

    static func redirect(to path: String, _ cookies: Cookie...) -> Response {
        var response = Response(303, headers: ["Location": path], body: .empty)
        response.cookies = cookies
        return response
    }

    private func html(_ status: Int, _ text: String) -> Response {
        var response = Response.page(
            status, text, nonce: nonce, headers: ["Content-Language": frame.language.rawValue, "Vary": "Accept-Language, Cookie"])
        response.cookies = [PageLanguage.cookie(keeping: request, isSecure: isSecure)].compactMap(\.self)
        return response
    }
}

// MARK: - Operations

extension Portal {
    /// A page. A portal without an identity provider answers 503 to everything.
    static func page(
        _ path: String, _ summary: String, answers: [ResponseSpec], show: @escaping @Sendable (Portal) async throws -> Response
    ) -> Operation {
        operation(.get, path, summary, answers: answers, show)
    }

    /// A form of a page. It must carry the token of the session that it belongs to.
    static func form(
        _ path: String, _ summary: String, answers: [ResponseSpec],
        take: @escaping @Sendable (Portal, WebSession) async throws -> Response
    ) -> Operation {
        let own = [ResponseSpec(401, "Nobody is signed in."), ResponseSpec(403, "The form is not one of the session.")]
        return operation(.post, path, summary, answers: answers + own) { portal in
            guard let session = portal.session else { return portal.trouble(401, .signedOut) }
            do { try session.checkForgery(portal.request.body["csrf"]?.text) } catch { return portal.trouble(403, .forgedForm) }
            return try await take(portal, session)
        }
    }

    private static func operation(
        _ method: Method, _ path: String, _ summary: String, answers: [ResponseSpec],
        _ body: @escaping @Sendable (Portal) async throws -> Response
    ) -> Operation {
        Operation.page(
            method, "/portal" + path, summary, allow: .everybody("whoever is signed in to the portal; the first page is for everybody"),
            answers: answers + [ResponseSpec(503, "The portal has no identity provider, or it does not answer.")], inputs: .init(.request)
        ) { (request: Request, services: Services, _: Request) in
            let portal = try Portal(request, services)
            guard (try? services.port(SignIn.self)) != nil else { return portal.trouble(503, .notConfigured) }
            do { return try await body(portal) } catch {
                services.log.error("A page of the portal could not be made", ["error": "\(error)"])
                return portal.trouble(500, .ourFault)
            }
        }
    }
}

// MARK: - The tenant of a person

extension Portal {
    /// Returns the tenant of the person who is signed in; nil when there is none. Whoever owned a tenant when signing in may not own
    /// it now.
    func tenant() async throws -> (org: OrgID, state: Tenant)? {
        guard let session, let org = session.orgId else { return nil }
        let tenant = try await services.store.load(Tenant.self, org.text).state
        guard tenant.isRegistered, tenant.ownerEmail.map(Self.folded) == session.email else { return nil }
        return (org, tenant)
    }

    /// Returns the oldest tenant that an address owns.
    func tenantOwned(by email: String) async throws -> OrgID? {
        let query: SQL = "SELECT org_id FROM partners.tenants WHERE LOWER(owner_email) = \(email) ORDER BY created_at, org_id LIMIT 1"
        return try await services.store.query(query).first?.read("org_id")
    }

    static func folded(_ email: String) -> String { email.lowercased() }

    /// Carries out a command for the person who is signed in.
    func execute<C: Command>(_ command: C) async throws -> CommandResult<C> { try await services.execute(command, for: request) }
}
