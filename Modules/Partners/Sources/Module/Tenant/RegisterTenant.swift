import Kernel

/// Registers a tenant; keys and webhooks come after.
struct RegisterTenant: Command {
    let org: OrgID
    let name: NonEmpty
    let ownerEmail: NonEmpty

    static let founds = true
    var target: String { org.text }

    enum Refusal: Refused {
        case registeredOtherwise
        var kind: RefusalKind { .conflict }
        var words: String { "The tenant is registered with another name or owner." }
    }

    func decide(_ tenant: Tenant, at now: Moment) throws(Refusal) -> [Tenant.Event] {
        if tenant.isRegistered {
            guard tenant.name == name.text, tenant.ownerEmail == ownerEmail.text else { throw .registeredOtherwise }
            return []  // asking twice is not an error
        }
        return [.registered(name: name.text, ownerEmail: ownerEmail.text)]
    }

    static let operation = Operation.command(
        .post, "/tenants/{orgId}/register", "Register a tenant",
        allow: .staff, answer: .accepted,
        input:
            .path("orgId", "The tenant's id, chosen by the operator."),
        .body("orgName", "The tenant's name."),
        .body("ownerEmail", "Address of the person responsible."),
        make: RegisterTenant.init(org:name:ownerEmail:)
    )
}
