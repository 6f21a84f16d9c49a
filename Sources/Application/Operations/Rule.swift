public import Kernel

/// Who may do something, and the words the API page uses for it.
public struct Rule<Request: Sendable, State: Sendable>: Sendable {
    public let credentials: Credentials
    public let who: String
    /// What the caller is told who fails the rule; `.unknown` hides that the thing exists.
    public let refusal: RefusalKind
    /// Whether users who are suspended may read what it guards: their own data.
    public let admitsSuspended: Bool
    /// Who may ask at all, whatever there is; others hear that credentials are needed.
    public let admits: @Sendable (Caller, SettingValues) -> Bool
    public let permits: @Sendable (Request, State, Caller) -> Bool
    /// Asked where `permits` has said yes: what the state alone does not say.
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

    /// A rule about more than the aggregate. The command's `facts` enforces it by throwing `violated`, on the same snapshots that its
    /// commit is bound to: what was allowed on one state is never stored on another.
    public static func byFacts(_ who: String) -> Rule { Rule(who) { _, _, _ in true } }

    /// Everybody, with whatever credentials or none.
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
    /// Comes before anything is looked up, so that its answer tells nothing of what there is.
    func admit(_ caller: Caller, _ services: Services) throws {
        guard !admits(caller, services.settings) else { return }
        throw RequestError.unauthenticated("This operation needs an API key in X-API-Key or a bearer token in Authorization.")
    }

    func check(_ request: Request, _ state: State, _ caller: Caller, _ services: Services) async throws {
        if permits(request, state, caller), try await confirms(request, state, caller, services) { return }
        throw violated
    }

    /// What a caller is told who fails the rule.
    public var violated: RequestError {
        .refused(refusal, code: nil, message: refusal == .unknown ? "There is no such thing." : "Only \(who) may do this.")
    }
}
