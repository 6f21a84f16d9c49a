import Application
import Kernel
import PartnersContracts

/// The tenant of the person who is signed in: its id, its key, its webhook.
enum ShowDashboard {
    static let operation = Portal.page(
        "/dashboard", "Show one's tenant",
        answers: [ResponseSpec(200, "The page."), ResponseSpec(303, "To the first page, or to where a tenant is registered.")]
    ) { portal in
        guard let session = portal.session else { return Portal.redirect(to: Portal.home) }
        guard let tenant = try await portal.tenant() else { return Portal.redirect(to: Portal.onboarding) }
        let flash = Flash.take(from: portal.request, for: session, isSecure: portal.isSecure, portal.services)
        var response = portal.dashboard(try await page(portal, tenant, newKey: flash?.0.text))
        if let cookie = flash?.1 { response.cookies.append(cookie) }
        return response
    }

    static func page(
        _ portal: Portal, _ tenant: (org: OrgID, state: Tenant), newKey: String? = nil, refusedURL: String? = nil
    ) async throws -> DashboardPage {
        let webhook = tenant.state.webhooks.first, services = portal.services
        let query: SQL = "SELECT last_error FROM partners.webhooks WHERE id = \(webhook?.id.text ?? "")"
        let lastError: String? = try await services.store.query(query).first?.find("last_error")
        return DashboardPage(
            frame: portal.frame, org: tenant.org, name: tenant.state.name ?? "", newKey: newKey,
            key: tenant.state.activeKey(at: services.clock()).map { "\($0.prefix)…\($0.suffix)" },
            webhook: webhook.flatMap { webhook in
                DashboardPage.Status(rawValue: webhook.status.rawValue).map {
                    DashboardPage.Webhook(url: webhook.url.text, status: $0, lastError: $0 == .active ? nil : lastError)
                }
            }, refusedURL: refusedURL)
    }
}

/// Makes a new key for one's tenant; the one before is dead at once. The dashboard shows the new one once.
enum RotateOwnKey {
    static let operation = Portal.form(
        "/api-key/rotate", "Replace the API key of one's tenant",
        answers: [ResponseSpec(303, "To the dashboard, which shows the key once.")]
    ) { portal, session in
        guard let tenant = try await portal.tenant() else { return Portal.redirect(to: Portal.onboarding) }
        let hasKey = tenant.state.activeKey(at: portal.services.clock()) != nil
        let issue = IssueApiKey(org: tenant.org, expiresAt: nil, replaces: hasKey, creator: session.email)
        let key = try await portal.execute(issue).facts.text
        return Portal.redirect(to: Portal.dashboard, try Flash(key).setting(for: session, isSecure: portal.isSecure, portal.services))
    }
}

/// Sets where the events of one's tenant are sent: everything, over https only.
enum SetOwnWebhook {
    static let operation = Portal.form(
        "/webhook", "Set the webhook of one's tenant",
        answers: [ResponseSpec(303, "To the dashboard."), ResponseSpec(400, "The dashboard with what is wrong.")]
    ) { portal, session in
        guard let tenant = try await portal.tenant() else { return Portal.redirect(to: Portal.onboarding) }
        let typed = portal.request.body["url"]?.text ?? "", url = WebhookURL(typed)
        guard typed.utf8.count <= WebhookURL.maxLength, WebhookURL.problem(with: typed) == nil, url.isSecure else {
            let page = try await ShowDashboard.page(portal, tenant, refusedURL: typed)
            return portal.dashboard(page, status: 400)
        }
        if let webhook = tenant.state.webhooks.first {
            _ = try await portal.execute(ChangeWebhook(org: tenant.org, webhook: webhook.id, url: url))
        } else {
            let id = Webhook.ID(portal.request.identifier(for: "webhook").text)
            _ = try await portal.execute(
                AddWebhook(org: tenant.org, webhook: id, url: url, events: EventFilter.all, secret: nil, auth: nil))
        }
        return Portal.redirect(to: Portal.dashboard)
    }
}
