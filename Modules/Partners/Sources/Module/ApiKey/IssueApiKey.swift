import Application
import Kernel

/// Issues an API key to a tenant, or replaces the current one. Only the caller gets the key itself.
struct IssueApiKey: Command {
    let org: OrgID
    let expiresAt: Timestamp?
    /// Whether an active key is replaced; otherwise the tenant must have none.
    let replaces: Bool
    /// Who asks for it, in records.
    let creator: String

    var target: String { org.text }

    enum Refusal: DomainError {
        case notRegistered, hasActiveKey, nothingToRotate, endsInThePast
        var kind: RefusalKind {
            switch self {
            case .notRegistered, .nothingToRotate: .unknown
            case .hasActiveKey: .conflict
            case .endsInThePast: .invalid
            }
        }
        var message: String {
            switch self {
            case .notRegistered: "Tenant not registered."
            case .hasActiveKey: "The tenant has an active key; rotate it."
            case .nothingToRotate: "The tenant has no active key."
            case .endsInThePast: "expiresAt must be in the future."
            }
        }
    }

    /// Generates the key; each attempt gets a new one.
    func facts(on snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) -> NewKey { NewKey(services.vault) }

    func decide(_ tenant: Tenant, _ key: NewKey, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard tenant.isRegistered else { throw .notRegistered }
        let hasKey = tenant.activeKey(at: now) != nil, face = key.face(by: creator, until: expiresAt, at: now)
        guard replaces || !hasKey else { throw .hasActiveKey }
        guard !replaces || hasKey else { throw .nothingToRotate }
        guard face.isActive(at: now) else { throw .endsInThePast }
        return [.keyIssued(face)]
    }

    /// Registers the key, and revokes every earlier one, in the same transaction.
    func effect(of events: [Tenant.Event], on snapshot: Snapshot<Tenant>, _ key: NewKey, _ request: Request, _ services: Services) -> Effect
    {
        .local(Changes(rows: services.directory.revokeKeys(org) + services.directory.registerKey(key.digest, org, false, expiresAt)))
    }
}

/// A newly generated key: forty random letters and digits.
struct NewKey: Sendable {
    let text: String
    let digest: [UInt8]

    init(text: String, digest: [UInt8]) {
        self.text = text
        self.digest = digest
    }

    init(_ vault: Vault) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var out: [UInt8] = []
        while out.count < 40 {  // bytes above the largest multiple of 62 are skipped, so that all characters are equally likely
            for byte in vault.random(64) where byte < 248 && out.count < 40 { out.append(alphabet[Int(byte) % alphabet.count]) }
        }
        self.init(text: String(decoding: out, as: UTF8.self), digest: vault.sha256(out))
    }

    func face(by creator: String, until expiry: Timestamp?, at now: Timestamp) -> ApiKeyPreview {
        ApiKeyPreview(prefix: String(text.prefix(8)), suffix: String(text.suffix(4)), createdAt: now, createdBy: creator, expiresAt: expiry)
    }
}

extension IssueApiKey {
    /// A repeated request gets the key that was issued, whatever happened to the first response.
    private static let answer = CommandResponse<IssueApiKey>.only(
        201, .json("apiKey", .string.described("Shown only here.")) { .string($0.facts.text) }, .member("orgId") { $0.command.org },
        .member("orgName") { $0.state.name ?? "" }, .member("createdAt") { $0.at }, .member("createdBy") { $0.command.creator },
        .member("expiresAt") { Nullable($0.command.expiresAt) })

    static let create = Operation.command(
        .post, "/api-keys", "Create the API key of a tenant", allow: .staff, answer: answer,
        inputs: .init(
            .body("orgId", "The tenant."), .body("orgName", "The tenant's name, for the record."),
            .body("expiresAt", "When the key ends; never when absent."), .caller),
        make: { (org: OrgID, _: NonEmptyString, expiresAt: Timestamp?, caller: Caller) in
            IssueApiKey(org: org, expiresAt: expiresAt, replaces: false, creator: caller.name)
        })

    static let rotate = Operation.command(
        .post, "/api-keys/{orgId}/rotate", "Replace the API key of a tenant; the old one is dead at once", allow: .staff, answer: answer,
        inputs: .init(.path("orgId", "The tenant."), .caller),
        make: { IssueApiKey(org: $0, expiresAt: nil, replaces: true, creator: $1.name) })
}
