import Application
import Kernel
import PartnersContracts

/// Registers a tenant; keys and webhooks are added later.
struct RegisterTenant: Command {
    let org: OrgID
    let name: NonEmptyString
    let ownerEmail: NonEmptyString

    static let createsAggregate = true
    var target: String { org.text }

    enum Refusal: DomainError {
        case registeredOtherwise, badName
        var kind: RefusalKind { self == .badName ? .invalid : .conflict }
        var message: String {
            switch self {
            case .registeredOtherwise: "The tenant is registered with another name or owner."
            case .badName:
                "orgId must begin with a letter or digit, have at most 64 of the characters A-Z a-z 0-9 . _ - and not be 'staff'."
            }
        }
    }

    func decide(_ tenant: Tenant, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Tenant.Event] {
        if tenant.isRegistered {
            guard tenant.name?.hasSameBytes(as: name.text) == true, tenant.ownerEmail?.hasSameBytes(as: ownerEmail.text) == true else {
                throw .registeredOtherwise
            }
            return []  // a repeated registration is not an error
        }
        guard org.isTenantName else { throw .badName }
        return [.registered(name: name.text, ownerEmail: ownerEmail.text)]
    }

    static let operation = Operation.command(
        .post, "/tenants/{orgId}/register", "Register a tenant",
        allow: .staff, answer: .accepted,
        inputs: .init(
            .path("orgId", "The tenant's id, chosen by the operator."),
            .body("orgName", "The tenant's name."),
            .body("ownerEmail", "Address of the person responsible.")), make: RegisterTenant.init(org:name:ownerEmail:)
    )
}

extension RegisterTenant {
    static func answering(_ services: Services) -> AskHandler {
        AskHandler(TenantExists.self) { question, _ in
            TenantExists.Reply(exists: try await services.store.load(Tenant.self, question.org.text).state.isRegistered)
        }
    }
}

extension OrgID {
    /// Whether a new tenant may have this id. Existing tenants keep theirs. `staff` is how events name the operator of the platform.
    fileprivate var isTenantName: Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: false
            }
        }
        guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= 64, text != "staff" else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }
}
