import Kernel

/// A property company or partner, with its API key and its webhooks.
struct Tenant: Aggregate {
    static let category = Category("tenant", className: "TenantAggregate", schemaVersion: 2)

    enum Event: Sendable, Equatable {
        case registered(name: String, ownerEmail: String)
        case keyIssued(ApiKeyPreview)
        case keyRevoked(by: String)
        case webhookAdded(Webhook)
        case webhookChanged(Webhook)
        case webhookRemoved(Webhook.ID)
    }

    private(set) var name: String?
    private(set) var ownerEmail: String?
    private(set) var key: ApiKeyPreview?
    private(set) var webhooks: [Webhook] = []

    mutating func apply(_ event: Event) {
        switch event {
        case .registered(let name, let ownerEmail): (self.name, self.ownerEmail) = (name, ownerEmail)
        case .keyIssued(let key): self.key = key
        case .keyRevoked: key = nil
        case .webhookAdded(let webhook): webhooks.append(webhook)
        case .webhookChanged(let webhook): webhooks = webhooks.map { $0.id == webhook.id ? webhook : $0 }
        case .webhookRemoved(let id): webhooks.removeAll { $0.id == id }
        }
    }

    var isRegistered: Bool { name != nil }
    func activeKey(at now: Timestamp) -> ApiKeyPreview? { key.flatMap { $0.isActive(at: now) ? $0 : nil } }
    func webhook(_ id: Webhook.ID) -> Webhook? { webhooks.first { $0.id == id } }

    /// Nil, because changes to a tenant's own settings are delivered to no tenant.
    var organisation: OrgID? { nil }
}

/// The parts of an API key that may be shown after it was issued.
struct ApiKeyPreview: Sendable, Equatable, Codable {
    /// The first eight and the last four characters.
    let prefix: String
    let suffix: String
    let createdAt: Timestamp
    let createdBy: String
    let expiresAt: Timestamp?

    func isActive(at now: Timestamp) -> Bool { expiresAt.map { $0 > now } ?? true }

    /// The form in lists and in the tenant's row.
    struct Shown: Sendable, Codable {
        let prefix: String
        let maskedKey: String
        let createdAt: String
        let createdBy: String
        let expiresAt: String?

        static let shape = Shape<Shown>(
            .member("prefix") { $0.prefix }, .member("maskedKey") { $0.maskedKey }, .json("createdAt", .time) { .string($0.createdAt) },
            .member("createdBy") { $0.createdBy }, .json("expiresAt", .time.nullable) { $0.expiresAt.map(JSON.string) ?? .null })
    }

    var shown: Shown {
        Shown(prefix: prefix, maskedKey: "\(prefix)…\(suffix)", createdAt: createdAt.iso, createdBy: createdBy, expiresAt: expiresAt?.iso)
    }
    var json: JSON { Shown.shape.json(shown) }
}

/// An address of a partner that receives events.
struct Webhook: Sendable, Equatable, Codable {
    enum Subscription {}
    typealias ID = Kernel.ID<Subscription>
    /// Paused by its tenant, it keeps what happens until it is resumed.
    enum Status: String, Codable, Sendable, CaseIterable, WireValue { case active, pending, failed, disabled, paused }

    let id: ID
    /// What the tenant calls it.
    var description: Name?
    var url: WebhookURL
    var events: [String]
    var status: Status
    /// The signing secret and the credentials for the partner's endpoint, encrypted.
    var sealedSecret: String
    var sealedAuth: String?
    /// The previous secret, which also signs for a while so that a receiver can switch over.
    var previousSecret: String?
    var previousUntil: Timestamp?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var verifiedAt: Timestamp?

    /// How long a secret also signs after it was replaced.
    static let overlap = Duration.seconds(86_400)

    mutating func replaceSecret(by sealed: String, at now: Timestamp) {
        (previousSecret, previousUntil) = (sealedSecret, now + Self.overlap)
        sealedSecret = sealed
    }
}
