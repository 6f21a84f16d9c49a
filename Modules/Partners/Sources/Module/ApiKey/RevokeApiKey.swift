import Application
import Kernel

/// Revokes the API key of a tenant at once, in every process.
struct RevokeApiKey: Command {
    let org: OrgID
    let caller: Caller

    var target: String { org.text }

    enum Refusal: DomainError {
        case noActiveKey
        var kind: RefusalKind { .unknown }
        var message: String { "The tenant has no active key." }
    }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        guard tenant.activeKey(at: now) != nil else { throw .noActiveKey }
        return [.keyRevoked(by: caller.name)]
    }

    func effect(of events: [Tenant.Event], on snapshot: Snapshot<Tenant>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .local(Changes(rows: services.directory.revokeKeys(org) + services.directory.revokeAccessKeys(org)))
    }

    static let operation = Operation.command(
        .delete, "/api-keys/{orgId}", "Revoke the API key of a tenant",
        allow: .staff,
        answer: .accepted,
        inputs: .init(.path("orgId", "The tenant."), .caller), make: RevokeApiKey.init(org:caller:)
    )
}
