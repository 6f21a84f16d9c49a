import Application
import Kernel
import PartnersContracts

/// The first page: what the portal is, and where to sign in.
enum ShowLanding {
    static let operation = Portal.page("", "Show the first page of the portal", answers: [ResponseSpec(200, "The page.")]) { portal in
        portal.landing()
    }
}

/// Sends the browser to the identity provider. What binds the sign-in to this browser is kept in a signed cookie for ten minutes.
enum BeginSignIn {
    static let cookie = SignedCookie<SignIn.Attempt>("spk_sign_in", lifetime: .seconds(600))

    static let operation = Portal.page(
        "/auth/login", "Begin to sign in to the portal", answers: [ResponseSpec(303, "To the identity provider.")]
    ) { portal in
        let services = portal.services
        func random() -> String { Base64URL.encode(services.vault.random(32)) }
        let attempt = SignIn.Attempt(state: random(), nonce: random(), verifier: random())
        do {
            let address = try await services.port(SignIn.self).begin(attempt, portal.redirect)
            return Portal.redirect(to: address, try cookie.setting(attempt, isSecure: portal.isSecure, services))
        } catch let failure as SignIn.Failure {
            services.log.error("Nobody can sign in to the portal", ["error": "\(failure)"])
            return portal.trouble(503, .providerAway)
        }
    }
}

/// Takes a person back from the identity provider: to the dashboard, or to register a tenant the first time.
enum FinishSignIn {
    static let operation = Portal.page(
        "/auth/callback", "Finish to sign in to the portal",
        answers: [
            ResponseSpec(303, "To the dashboard, or to register a tenant."),
            ResponseSpec(400, "The sign-in did not begin in this browser."),
            ResponseSpec(403, "The identity provider does not vouch for the address."),
        ]
    ) { portal in
        let services = portal.services, query = portal.request.query
        guard let attempt = BeginSignIn.cookie.value(in: portal.request, isSecure: portal.isSecure, services),
            let state = query["state"], Secret.areEqual(state, attempt.state), let code = query["code"]
        else { return portal.trouble(400, .signInFailed) }
        do {
            let person = try await services.port(SignIn.self).finish(code, attempt, portal.redirect)
            let org = try await portal.tenantOwned(by: person.email)
            let session = WebSession(sub: person.subject, email: person.email, orgId: org)
            return Portal.redirect(
                to: org == nil ? Portal.onboarding : Portal.dashboard,
                try WebSession.cookie.setting(session, isSecure: portal.isSecure, services),
                BeginSignIn.cookie.removing(isSecure: portal.isSecure))
        } catch let failure as SignIn.Failure {
            services.log.warning("A sign-in to the portal failed", ["error": "\(failure)"])
            return switch failure {
            case .unavailable: portal.trouble(503, .providerAway)
            case .refused: portal.trouble(400, .signInFailed)
            case .unverifiedEmail: portal.trouble(403, .emailNotVerified)
            }
        }
    }
}

/// Ends the session.
enum SignOut {
    static let operation = Portal.form(
        "/logout", "Sign out of the portal", answers: [ResponseSpec(303, "To the first page.")]
    ) { portal, _ in
        Portal.redirect(to: Portal.home, WebSession.cookie.removing(isSecure: portal.isSecure))
    }
}
