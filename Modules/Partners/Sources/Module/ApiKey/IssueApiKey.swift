import Kernel

/// Gives a tenant an API key, or a new one in the place of the old. The key itself is known only to the one who asked.
struct IssueApiKey: Command {
    let org: OrgID
    let face: KeyFace
    /// The digest by which the key is known when it comes.
    let digest: [UInt8]
    /// Whether an active key is replaced; otherwise there must be none.
    let replaces: Bool

    var target: String { org.text }

    enum Refusal: Refused {
        case notRegistered, hasActiveKey, nothingToRotate, endsInThePast
        var kind: RefusalKind {
            switch self {
            case .notRegistered, .nothingToRotate: .unknown
            case .hasActiveKey: .conflict
            case .endsInThePast: .invalid
            }
        }
        var words: String {
            switch self {
            case .notRegistered: "Tenant not registered."
            case .hasActiveKey: "The tenant has an active key; rotate it."
            case .nothingToRotate: "The tenant has no active key."
            case .endsInThePast: "expiresAt must be in the future."
            }
        }
    }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Moment) throws(Refusal) -> [Tenant.Event] {
        guard tenant.isRegistered else { throw .notRegistered }
        let hasKey = tenant.activeKey(at: now) != nil
        guard replaces || !hasKey else { throw .hasActiveKey }
        guard !replaces || hasKey else { throw .nothingToRotate }
        guard face.isActive(at: now) else { throw .endsInThePast }
        return [.keyIssued(face)]
    }

    /// Makes the key valid, and every earlier one dead, in the same transaction.
    func effect(of events: [Tenant.Event], on snapshot: Snapshot<Tenant>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .local(Changes(rows: services.directory.dismissKeys(org) + services.directory.admitKey(digest, org, false, face.expiresAt)))
    }
}

/// A key as it is made: forty random letters and digits.
struct NewKey: Sendable {
    let text: String
    let digest: [UInt8]

    init(_ vault: Vault) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var out: [UInt8] = []
        while out.count < 40 {  // bytes above the largest multiple of 62 are passed over, so that all characters are equally likely
            for byte in vault.random(64) where byte < 248 && out.count < 40 { out.append(alphabet[Int(byte) % alphabet.count]) }
        }
        (text, digest) = (String(decoding: out, as: UTF8.self), vault.sha256(out))
    }

    func face(by creator: String, until expiry: Moment?, at now: Moment) -> KeyFace {
        KeyFace(prefix: String(text.prefix(8)), suffix: String(text.suffix(4)), createdAt: now, createdBy: creator, expiresAt: expiry)
    }
}

extension IssueApiKey {
    private static let schema = Schema.object([
        "apiKey": .string.described("Shown only here."), "orgId": .string, "orgName": .string, "createdAt": .time, "createdBy": .string,
        "expiresAt": .time.nullable,
    ])
    private static let answers = [Answer(201, "The key.", schema)] + Refusal.allCases.map { Answer($0.kind.status, $0.words) }

    static let create = Operation.custom(
        .post, "/api-keys", "Create the API key of a tenant", by: .staff, allow: "staff", answers: answers,
        input:
            .body("orgId", "The tenant."), .body("orgName", "The tenant's name, for the record."),
        .body("expiresAt", "When the key ends; never when absent."), .request
    ) { (services: Services, org: OrgID, _: NonEmpty, expiresAt: Moment?, request: Request) in
        try await issue(for: org, until: expiresAt, replaces: false, request, services)
    }

    static let rotate = Operation.custom(
        .post, "/api-keys/{orgId}/rotate", "Replace the API key of a tenant; the old one is dead at once", by: .staff, allow: "staff",
        answers: answers, input: .path("orgId", "The tenant."), .request
    ) { (services: Services, org: OrgID, request: Request) in
        try await issue(for: org, until: nil, replaces: true, request, services)
    }

    private static func issue(for org: OrgID, until expiry: Moment?, replaces: Bool, _ request: Request, _ services: Services) async throws -> Response {
        let key = NewKey(services.vault), now = request.attempt.now
        let face = key.face(by: request.caller.name, until: expiry, at: now)
        let name = try await services.store.load(Tenant.self, org.text).state.name ?? ""
        let answer: JSON = [
            "apiKey": .string(key.text), "orgId": org.json, "orgName": .string(name), "createdAt": now.json, "createdBy": .string(face.createdBy),
            "expiresAt": expiry?.json ?? .null,
        ]
        // Recorded with the key: a repeat of the request gets the key that was made, whatever happened to the first answer.
        let command = IssueApiKey(org: org, face: face, digest: key.digest, replaces: replaces)
        _ = try await services.execute(command, for: request) { _ in .json(201, answer) }
        return .json(201, answer)
    }
}
