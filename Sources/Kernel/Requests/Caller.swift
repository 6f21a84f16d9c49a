/// A person in the words of every module; the facts about one live in Identity.
public enum User {}
public typealias UserID = ID<User>
/// A tenant: a property company or partner.
public enum Organisation {}
public typealias OrgID = ID<Organisation>

/// Who asks, as the edge has established it.
public enum Caller: Sendable, Equatable, Codable {
    case anonymous
    /// An API key of a tenant. A super key belongs to the operator of the platform and passes tenant checks.
    case key(org: OrgID, isSuper: Bool)
    /// A person with a token.
    case user(UserID, email: String?)
    /// A member of staff: admin key and token together.
    case staff(email: String)

    /// The tenant whose key was used; nil for people and for super keys, which stand for no tenant of their own.
    public var org: OrgID? { if case .key(let org, false) = self { org } else { nil } }
    public var user: UserID? { if case .user(let user, _) = self { user } else { nil } }
    public var isSuper: Bool { if case .key(_, true) = self { true } else { false } }
    public var isStaff: Bool { if case .staff = self { true } else { false } }

    /// The caller as it may be kept: whose address it was is looked up where it is needed.
    public var withoutAddress: Caller { if case .user(let user, _) = self { .user(user, email: nil) } else { self } }

    /// The name as partners may see it: individual staff members are hidden.
    public var publicName: String { isStaff ? "staff" : name }

    /// How records name the caller: the user, the tenant or the staff member.
    public var name: String {
        switch self {
        case .anonymous: "anonymous"
        case .key(let org, _): org.text
        case .user(let user, _): user.text
        case .staff(let email): email
        }
    }
}

/// Which credentials an operation takes.
public enum Credentials: String, Sendable, CaseIterable {
    /// An API key or a user's token.
    case client
    /// An API key, a user's token, or the staff pair.
    case clientOrStaff
    /// An API key only; a token is answered 401.
    case apiKey
    /// A user's token only; an API key is answered 401.
    case token
    /// An API key, or the staff pair.
    case staffOrKey
    /// The staff pair: `X-Admin-API-Key` and a token of a staff address.
    case staff
    /// None; those sent are verified all the same.
    case optional
}
