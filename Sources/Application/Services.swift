public import Kernel

/// What a running module lends to its use cases.
public struct Services: Sendable {
    public let module: String
    public internal(set) var store: Store
    public let bus: Bus
    public let vault: Vault
    public let directory: CredentialStore
    public let ports: Ports
    public let settings: SettingValues
    public let log: Log
    public let clock: @Sendable () -> Timestamp
    public var crashes = CrashPoints.none
    /// The statement that begins a run of a workflow; it commits with what it belongs to.
    public var startWorkflow: @Sendable (WorkflowStart) -> SQL = { _ in "SELECT 1 AS none" }
    /// The statement that ends a run's sleep.
    public var resumeWorkflow: @Sendable (WorkflowID) -> SQL = { _ in "SELECT 1 AS none" }
    public var zones = TimeZones.utc
    public var uptime: @Sendable () -> Uptime = { .unknown }

    /// What both clocks show now.
    public var clocks: ClockReading { ClockReading(clock(), uptime: uptime()) }

    public init(
        module: String, store: Store, bus: Bus, vault: Vault, directory: CredentialStore, ports: Ports, settings: SettingValues, log: Log,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.module = module
        self.store = store
        self.bus = bus
        self.vault = vault
        self.directory = directory
        self.ports = ports
        self.settings = settings
        self.log = log
        self.clock = clock
    }
}

/// The message bus as a module sees it. Facts are published by committing them.
public struct Bus: Sendable {
    let send: @Sendable (_ name: String, _ module: String, _ body: JSON, AskContext) async throws -> JSON

    public init(send: @escaping @Sendable (String, String, JSON, AskContext) async throws -> JSON) { self.send = send }

    /// Asks and waits for the reply. Throws `AskFailure` when there is none.
    public func ask<A: Ask>(_ question: A, trace: Trace, now: Timestamp) async throws -> A.Reply {
        let context = AskContext(trace: trace, deadline: now + A.timeout)
        return try await send(A.name, A.module, try JSON(encoding: question), context).decoded()
    }

    /// Asks for what has no type: what the host asks of every module alike.
    public func ask(_ name: String, of module: String, _ question: JSON, trace: Trace, now: Timestamp, timeout: Duration = .seconds(5))
        async throws -> JSON
    {
        try await send(name, module, question, AskContext(trace: trace, deadline: now + timeout))
    }
}

/// Seals secrets that must be shown again, and digests those that must only be recognised.
public struct Vault: Sendable {
    /// Encrypts for a purpose; the context (an id) must be the same when it is opened.
    public let seal: @Sendable (_ secret: [UInt8], _ purpose: String, _ context: String) throws -> String
    /// Opens what `seal` made; throws when it was changed or belongs elsewhere.
    public let open: @Sendable (_ sealed: String, _ purpose: String, _ context: String) throws -> [UInt8]
    public let sha256: @Sendable ([UInt8]) -> [UInt8]
    /// HMAC-SHA-256 (RFC 2104).
    public let hmac: @Sendable (_ message: [UInt8], _ key: [UInt8]) -> [UInt8]
    /// Digests of something short that must not be found by trying, one for each key of the ring, the current one first.
    public let blindIndexes: @Sendable (_ message: [UInt8], _ purpose: String) -> [[UInt8]]
    /// Encrypts under a key that is given (32 bytes); the context must be the same when it is opened.
    public let sealUnder: @Sendable (_ key: [UInt8], _ secret: [UInt8], _ context: String) throws -> String
    public let openUnder: @Sendable (_ key: [UInt8], _ sealed: String, _ context: String) throws -> [UInt8]
    /// Bytes from the system's secure generator.
    public let random: @Sendable (Int) -> [UInt8]

    public init(
        seal: @escaping @Sendable ([UInt8], String, String) throws -> String,
        open: @escaping @Sendable (String, String, String) throws -> [UInt8], sha256: @escaping @Sendable ([UInt8]) -> [UInt8],
        hmac: @escaping @Sendable ([UInt8], [UInt8]) -> [UInt8], blindIndexes: @escaping @Sendable ([UInt8], String) -> [[UInt8]],
        sealUnder: @escaping @Sendable ([UInt8], [UInt8], String) throws -> String,
        openUnder: @escaping @Sendable ([UInt8], String, String) throws -> [UInt8],
        random: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.seal = seal
        self.open = open
        self.sha256 = sha256
        self.hmac = hmac
        self.blindIndexes = blindIndexes
        self.sealUnder = sealUnder
        self.openUnder = openUnder
        self.random = random
    }
}

/// The edge's record of who may come in. Modules write it in their own transactions, so that a revoked key is dead everywhere at once.
public struct CredentialStore: Sendable {
    /// Makes an API key valid: its SHA-256, its tenant, when it ends (nil: never).
    public let registerKey: @Sendable (_ digest: [UInt8], _ org: OrgID, _ isSuper: Bool, _ until: Timestamp?) -> [SQL]
    public let revokeKeys: @Sendable (_ org: OrgID) -> [SQL]
    /// At which version of the credentials the keys of a tenant, or its super keys, were ended last, as `epoch`; no row where
    /// they never were.
    public let revocation: @Sendable (_ org: OrgID, _ isSuper: Bool) -> SQL
    /// Ties a normalised e-mail address to a user, for tokens that carry no user id; nil removes the tie.
    public let linkEmail: @Sendable (_ user: UserID, _ email: String?, _ standing: AddressStatus) -> [SQL]
    /// What is known of how a person signs in, as one row of `standing` and `has_signed_in`; no row for somebody who is not known.
    public let signIn: @Sendable (_ user: UserID) -> SQL
    /// Says where a person is suspended: everywhere, or at the doors of some tenants, or nowhere.
    public let suspend: @Sendable (_ user: UserID, _ isEverywhere: Bool, _ tenants: [OrgID]) -> [SQL]
    /// The tenants at whose doors a person is suspended, as rows of `org_id`; an empty one stands for everywhere.
    public let suspensions: @Sendable (_ user: UserID) -> SQL
    /// Takes a person's key away: what is stored about the person can be read by nobody any more.
    public let forget: @Sendable (_ user: UserID) -> [SQL]

    public init(
        registerKey: @escaping @Sendable ([UInt8], OrgID, Bool, Timestamp?) -> [SQL], revokeKeys: @escaping @Sendable (OrgID) -> [SQL],
        revocation: @escaping @Sendable (OrgID, Bool) -> SQL,
        linkEmail: @escaping @Sendable (UserID, String?, AddressStatus) -> [SQL],
        signIn: @escaping @Sendable (UserID) -> SQL, suspend: @escaping @Sendable (UserID, Bool, [OrgID]) -> [SQL],
        suspensions: @escaping @Sendable (UserID) -> SQL, forget: @escaping @Sendable (UserID) -> [SQL]
    ) {
        self.registerKey = registerKey
        self.revokeKeys = revokeKeys
        self.revocation = revocation
        self.linkEmail = linkEmail
        self.signIn = signIn
        self.suspend = suspend
        self.suspensions = suspensions
        self.forget = forget
    }
}

/// What an e-mail address is for the one it is stored with. Only a proven one signs somebody in.
public enum AddressStatus: String, Sendable, ColumnValue {
    /// By the identity provider, or set by the operator of the platform.
    case proven
    /// The user was created with it: whoever proves it first, and is nobody yet, becomes the user.
    case invited
    /// Typed by somebody else, to write to; no more.
    case contact
}

/// Where modules report what operators should know. Messages are constant; what varies is metadata.
public struct Log: Sendable {
    public enum Level: Sendable { case debug, info, notice, warning, error }
    let write: @Sendable (Level, StaticString, [String: String]) -> Void
    public init(_ write: @escaping @Sendable (Level, StaticString, [String: String]) -> Void) { self.write = write }
    public func debug(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.debug, message, metadata) }
    public func info(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.info, message, metadata) }
    /// What is always written: changes of state, and what staff has looked at or done.
    public func notice(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.notice, message, metadata) }
    public func warning(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.warning, message, metadata) }
    public func error(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.error, message, metadata) }
}

extension Services {
    /// The live side of a port.
    /// - Throws: `RequestError.notConfigured` when nothing is plugged in.
    public func port<P: Port>(_ type: P.Type = P.self) throws -> P {
        guard let port = ports.find(type) else { throw RequestError.notConfigured("This installation has no \(P.title).") }
        return port
    }
}
