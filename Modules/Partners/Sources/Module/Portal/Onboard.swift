import Application
import Kernel
import PartnersContracts

/// Where a person without a tenant registers one.
enum ShowOnboarding {
    static let operation = Portal.page(
        "/onboarding", "Show where a tenant is registered",
        answers: [ResponseSpec(200, "The form."), ResponseSpec(303, "To the first page, or to the dashboard of one's tenant.")]
    ) { portal in
        guard portal.session != nil else { return Portal.redirect(to: Portal.home) }
        guard try await portal.tenant() == nil else { return Portal.redirect(to: Portal.dashboard) }
        return portal.onboarding(OnboardingPage(frame: portal.frame, org: "", name: "", problems: []))
    }
}

/// Registers the tenant of the person who is signed in, and issues its first key, which the dashboard shows once.
enum Onboard {
    static let operation = Portal.form(
        "/onboarding", "Register one's tenant",
        answers: [
            ResponseSpec(303, "To the dashboard."), ResponseSpec(400, "The form with what is wrong."),
            ResponseSpec(409, "The id belongs to another tenant."),
        ]
    ) { portal, session in
        // A session may be older than the person's tenant.
        if let own = try await portal.tenantOwned(by: session.email) { return try portal.enter(own, session) }
        let org = (portal.request.body["orgId"]?.text ?? "").trimmed, name = (portal.request.body["orgName"]?.text ?? "").trimmed
        func again(_ status: Int, _ problems: [OnboardingPage.Problem]) -> Response {
            portal.onboarding(OnboardingPage(frame: portal.frame, org: org, name: name, problems: problems), status: status)
        }
        let problems: [OnboardingPage.Problem] = (isOrgID(org) ? [] : [.badID]) + (isName(name) ? [] : [.noName])
        guard problems.isEmpty else { return again(400, problems) }
        let register = RegisterTenant(org: OrgID(org), name: NonEmptyString(name), ownerEmail: NonEmptyString(session.email))
        do { _ = try await portal.execute(register) } catch RequestError.refused(.conflict, _, _) { return again(409, [.takenID]) }
        // A form that is sent twice finds the key of the first.
        var own = session
        own.orgId = OrgID(org)
        let cookie = try WebSession.cookie.setting(own, isSecure: portal.isSecure, portal.services)
        let issue = IssueApiKey(org: OrgID(org), expiresAt: nil, replaces: false, creator: session.email)
        do {
            let key = try await portal.execute(issue).facts.text
            let flash = try Flash(key).setting(for: own, isSecure: portal.isSecure, portal.services)
            return Portal.redirect(to: Portal.dashboard, cookie, flash)
        } catch RequestError.refused(.conflict, _, _) { return Portal.redirect(to: Portal.dashboard, cookie) }
    }

    /// Whether a text is a name, by the rules for every name.
    private static func isName(_ text: String) -> Bool {
        var reading = Reading()
        return NonEmptyString.read(.string(text), at: "orgName", &reading) != nil
    }

    /// Lower-case letters, digits and dashes, 3 to 64 of them, a letter or digit first; `staff` is how events name the operator.
    static func isOrgID(_ text: String) -> Bool {
        guard (3...64).contains(text.utf8.count), text != "staff", let first = text.utf8.first, first != UInt8(ascii: "-") else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }
}

extension Portal {
    /// Goes on to the dashboard of a tenant that the session may not know yet.
    fileprivate func enter(_ org: OrgID, _ session: WebSession) throws -> Response {
        var own = session
        own.orgId = org
        return Portal.redirect(to: Portal.dashboard, try WebSession.cookie.setting(own, isSecure: isSecure, services))
    }
}
