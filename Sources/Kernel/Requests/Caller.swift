/// A user, as every module refers to one; the data about a user belongs to Identity.
public enum User {}
public typealias UserID = ID<User>
/// A tenant: a property company or partner.
public enum Organisation {}
public typealias OrgID = ID<Organisation>

/// The caller of a request, as established by the edge.
public enum Caller: Sendable, Equatable, Codable {
    case anonymous
    /// An API key of a tenant. A super key belongs to the platform operator and passes tenant checks.
    case key(org: OrgID, isSuper: Bool)
    /// A user with a token.
    case user(UserID, email: String?)
    /// A member of staff: admin key and token together.
    case staff(email: String)

    /// The tenant whose key was used; nil for users and for super keys, which do not represent a tenant of their own.
    public var org: OrgID? { if case .key(let org, false) = self { org } else { nil } }
    public var user: UserID? { if case .user(let user, _) = self { user } else { nil } }
    public var isSuper: Bool { if case .key(_, true) = self { true } else { false } }
    public var isStaff: Bool { if case .staff = self { true } else { false } }

    /// The caller in the form that may be stored; the e-mail address is looked up when it is needed.
    public var withoutAddress: Caller { if case .user(let user, _) = self { .user(user, email: nil) } else { self } }

    /// The name that partners may see; individual staff members are hidden.
    public var publicName: String { isStaff ? "staff" : name }

    /// The caller's name in records: the user, the tenant or the staff member.
    public var name: String {
        switch self {
        case .anonymous: "anonymous"
        case .key(let org, _): org.text
        case .user(let user, _): user.text
        case .staff(let email): email
        }
    }
}

/// The credentials that an operation accepts.
public enum Credentials: String, Sendable, CaseIterable {
    /// An API key or a user's token.
    case client
    /// An API key, a user's token, or the staff pair.
    case clientOrStaff
    /// An API key only; a token gets 401.
    case apiKey
    /// An API key, or a signature made with a tenant's pair of AWS keys.
    case keyOrSignature
    /// A user's token only; an API key gets 401.
    case token
    /// An API key, or the staff pair.
    case staffOrKey
    /// The staff pair: `X-Admin-API-Key` and a token of a staff address.
    case staff
    /// None required; credentials that are sent are still verified.
    case optional
}
