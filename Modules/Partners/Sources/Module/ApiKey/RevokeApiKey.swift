import Kernel

/// Ends the API key of a tenant at once, in every process.
struct RevokeApiKey: Command {
    let org: OrgID
    let caller: Caller

    var target: String { org.text }

    enum Refusal: Refused {
        case noActiveKey
        var kind: RefusalKind { .unknown }
        var words: String { "The tenant has no active key." }
    }

    func decide(_ tenant: Tenant, at now: Moment) throws(Refusal) -> [Tenant.Event] {
        guard tenant.activeKey(at: now) != nil else { throw .noActiveKey }
        return [.keyRevoked(by: caller.name)]
    }

    static let operation = Operation.command(
        .delete, "/api-keys/{orgId}", "Revoke the API key of a tenant",
        allow: .staff,
        before: Preparation { plan, services in .init(rows: services.directory.dismissKeys(plan.command.org)) },
        answer: .accepted,
        input: .path("orgId", "The tenant."), .caller,
        make: RevokeApiKey.init(org:caller:)
    )
}
