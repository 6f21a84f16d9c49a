import Kernel

extension Tenant {
    static let events = EventRegistry(TenantEvents())
    static let views = [TenantTables.view]
}

/// The events of a tenant. Changes to a tenant's own settings are delivered to no tenant.
struct TenantEvents: EventForms {
    let registered = EventForm<Tenant>(
        "TenantRegistered", "A tenant was registered.", audience: .modules, members: .init(.member("orgName"), .member("ownerEmail")),
        make: Tenant.Event.registered, take: { if case .registered(let name, let email) = $0 { (name, email) } else { nil } })

    let keyIssued = EventForm<Tenant>(
        "ApiKeyIssued", "An API key was made.", audience: .modules, members: .init(.whole),
        make: Tenant.Event.keyIssued, take: { if case .keyIssued(let key) = $0 { key } else { nil } })

    let keyRevoked = EventForm<Tenant>(
        "ApiKeyRevoked", "An API key was revoked.", audience: .modules, members: .init(.member("revokedBy")),
        make: Tenant.Event.keyRevoked, take: { if case .keyRevoked(let by) = $0 { by } else { nil } })

    let webhookAdded = EventForm<Tenant>(
        "WebhookAdded", "A webhook was added.", audience: .modules, members: .init(.whole),
        make: Tenant.Event.webhookAdded, take: { if case .webhookAdded(let webhook) = $0 { webhook } else { nil } })

    let webhookChanged = EventForm<Tenant>(
        "WebhookChanged", "A webhook was changed.", audience: .modules, members: .init(.whole),
        make: Tenant.Event.webhookChanged, take: { if case .webhookChanged(let webhook) = $0 { webhook } else { nil } })

    let webhookRemoved = EventForm<Tenant>(
        "WebhookRemoved", "A webhook was removed.", audience: .modules, members: .init(.member("webhookId")),
        make: Tenant.Event.webhookRemoved, take: { if case .webhookRemoved(let webhook) = $0 { webhook } else { nil } })

    func form(of event: Tenant.Event) -> EventForm<Tenant> {
        switch event {
        case .registered: registered
        case .keyIssued: keyIssued
        case .keyRevoked: keyRevoked
        case .webhookAdded: webhookAdded
        case .webhookChanged: webhookChanged
        case .webhookRemoved: webhookRemoved
        }
    }
}
