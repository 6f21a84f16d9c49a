public import Kernel

/// An authorisation rule: who may do something, and the API page's words for it.
public struct Rule<Request: Sendable, State: Sendable>: Sendable {
    public let credentials: Credentials
    public let who: String
    /// The kind of refusal for a caller that fails the rule; `.unknown` hides that the thing exists.
    public let refusal: RefusalKind
    /// Whether suspended users may read what the rule guards: their own data.
    public let admitsSuspended: Bool
    /// Returns whether a caller is admitted at all, whatever exists; others are told that credentials are needed.
    public let admits: @Sendable (Caller, SettingValues) -> Bool
    public let permits: @Sendable (Request, State, Caller) -> Bool
    /// Called when `permits` has returned true, to check what the state alone does not tell.
    public let confirms: @Sendable (Request, State, Caller, Services) async throws -> Bool

    public init(
        _ who: String, by credentials: Credentials = .client, refusal: RefusalKind = .forbidden, admitsSuspended: Bool = false,
        admits: @escaping @Sendable (Caller, SettingValues) -> Bool = { _, _ in true },
        confirms: @escaping @Sendable (Request, State, Caller, Services) async throws -> Bool = { _, _, _, _ in true },
        permits: @escaping @Sendable (Request, State, Caller) -> Bool
    ) {
        self.who = who
        self.credentials = credentials
        self.refusal = refusal
        self.admitsSuspended = admitsSuspended
        self.admits = admits
        self.permits = permits
        self.confirms = confirms
    }

    /// A rule about more than the aggregate. The command's `facts` enforces it by throwing `violated`, on the same snapshots that fence its
    /// commit: a permission checked on one state never stores events on another.
    public static func byFacts(_ who: String) -> Rule { Rule(who) { _, _, _ in true } }

    /// Every caller, with any credentials or none.
    public static func everybody(_ who: String) -> Rule { Rule(who, by: .optional) { _, _, _ in true } }

    /// Staff: the admin key together with the token of a staff address.
    public static var staff: Rule { Rule("staff", by: .staff) { _, _, caller in caller.isStaff } }

    /// Staff, or any API key.
    public static var staffOrTenant: Rule {
        Rule("staff, or any API key", by: .staffOrKey) { _, _, caller in
            switch caller {
            case .staff, .key: true
            case .user, .anonymous: false
            }
        }
    }
}

extension Rule {
    /// Checks `admits` before anything is looked up, so that the response does not reveal what exists.
    func admit(_ caller: Caller, _ services: Services) throws {
        guard !admits(caller, services.settings) else { return }
        throw RequestError.unauthenticated("This operation needs an API key in X-API-Key or a bearer token in Authorization.")
    }

    func check(_ request: Request, _ state: State, _ caller: Caller, _ services: Services) async throws {
        if permits(request, state, caller), try await confirms(request, state, caller, services) { return }
        throw violated
    }

    /// The error for a caller that fails the rule.
    public var violated: RequestError {
        .refused(refusal, code: nil, message: refusal == .unknown ? "There is no such thing." : "Only \(who) may do this.")
    }
}
