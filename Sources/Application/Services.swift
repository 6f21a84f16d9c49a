public import Kernel

/// The services that a running module provides to its use cases.
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
    /// Returns the statement that starts a workflow run; it commits with the change it belongs to.
    public var startWorkflow: @Sendable (WorkflowStart) -> SQL = { _ in "SELECT 1 AS none" }
    /// Returns the statement that ends a run's sleep.
    public var resumeWorkflow: @Sendable (WorkflowID) -> SQL = { _ in "SELECT 1 AS none" }
    public var zones = TimeZones.utc
    public var uptime: @Sendable () -> Uptime = { .unknown }

    /// A reading of both clocks.
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

extension Services {
    /// Returns the id of the aggregate that holds a claimed value; nil when none does.
    public func holder(of value: String, kind: String) async throws -> String? {
        try await store.query("SELECT id FROM \(trusted: module).claims WHERE kind = \(kind) AND value = \(value)").first?.read("id")
    }
}

/// The message bus as a module sees it. Messages are published by committing them.
public struct Bus: Sendable {
    let send: @Sendable (_ name: String, _ module: String, _ body: JSON, AskContext) async throws -> JSON

    public init(send: @escaping @Sendable (String, String, JSON, AskContext) async throws -> JSON) { self.send = send }

    /// Sends an ask and waits for the reply. Throws `AskFailure` when there is none.
    public func ask<A: Ask>(_ question: A, trace: Trace, now: Timestamp) async throws -> A.Reply {
        let context = AskContext(trace: trace, deadline: now + A.timeout)
        return try await send(A.name, A.module, try JSON(encoding: question), context).decoded()
    }

    /// Sends an untyped ask, for the questions that the host asks every module.
    public func ask(_ name: String, of module: String, _ question: JSON, trace: Trace, now: Timestamp, timeout: Duration = .seconds(5))
        async throws -> JSON
    {
        try await send(name, module, question, AskContext(trace: trace, deadline: now + timeout))
    }
}

/// Encrypts secrets that must be shown again, and hashes those that must only be recognised.
public struct Vault: Sendable {
    /// Encrypts for a purpose; the same context (an id) is needed to decrypt.
    public let seal: @Sendable (_ secret: [UInt8], _ purpose: String, _ context: String) throws -> String
    /// Decrypts what `seal` encrypted; throws when it was altered or belongs elsewhere.
    public let open: @Sendable (_ sealed: String, _ purpose: String, _ context: String) throws -> [UInt8]
    public let sha256: @Sendable ([UInt8]) -> [UInt8]
    /// HMAC-SHA-256 (RFC 2104).
    public let hmac: @Sendable (_ message: [UInt8], _ key: [UInt8]) -> [UInt8]
    /// Keyed digests of a short text that must not be found by brute force: one for each key of the ring, the current key first.
    public let blindIndexes: @Sendable (_ message: [UInt8], _ purpose: String) -> [[UInt8]]
    /// Encrypts under a given key (32 bytes); the same context is needed to decrypt.
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

/// The edge's record of credentials. Modules write it in their own transactions, so that a revoked key is invalid everywhere at once.
public struct CredentialStore: Sendable {
    /// Registers an API key: its SHA-256, its tenant, when it expires (nil: never).
    public let registerKey: @Sendable (_ digest: [UInt8], _ org: OrgID, _ isSuper: Bool, _ until: Timestamp?) -> [SQL]
    public let revokeKeys: @Sendable (_ org: OrgID) -> [SQL]
    /// Ends the pairs of keys with which clients made for AWS sign for a tenant.
    public let revokeAccessKeys: @Sendable (_ org: OrgID) -> [SQL]
    /// Returns as `epoch` the credentials epoch at which a tenant's keys, or its super keys, were last revoked; no row when they never
    /// were.
    public let revocation: @Sendable (_ org: OrgID, _ isSuper: Bool) -> SQL
    /// Returns a query with a row while an API key of a tenant counts, by the digest of the key.
    public let validKey: @Sendable (_ digest: [UInt8], _ org: OrgID, _ now: Timestamp) -> SQL
    /// Links a normalised e-mail address to a user, for tokens that carry no user id; nil removes the link.
    public let linkEmail: @Sendable (_ user: UserID, _ email: String?, _ standing: AddressStatus) -> [SQL]
    /// Returns how a user signs in, as one row of `standing` and `has_signed_in`; no row for an unknown user.
    public let signIn: @Sendable (_ user: UserID) -> SQL
    /// Sets where a user is suspended: everywhere, at the doors of some tenants, or nowhere.
    public let suspend: @Sendable (_ user: UserID, _ isEverywhere: Bool, _ tenants: [OrgID]) -> [SQL]
    /// Returns the tenants at whose doors a user is suspended, as rows of `org_id`; an empty one means everywhere.
    public let suspensions: @Sendable (_ user: UserID) -> SQL
    /// Deletes a person's encryption key, so that the data stored about the person can no longer be read.
    public let forget: @Sendable (_ user: UserID) -> [SQL]

    public init(
        registerKey: @escaping @Sendable ([UInt8], OrgID, Bool, Timestamp?) -> [SQL], revokeKeys: @escaping @Sendable (OrgID) -> [SQL],
        revokeAccessKeys: @escaping @Sendable (OrgID) -> [SQL],
        revocation: @escaping @Sendable (OrgID, Bool) -> SQL, validKey: @escaping @Sendable ([UInt8], OrgID, Timestamp) -> SQL,
        linkEmail: @escaping @Sendable (UserID, String?, AddressStatus) -> [SQL],
        signIn: @escaping @Sendable (UserID) -> SQL, suspend: @escaping @Sendable (UserID, Bool, [OrgID]) -> [SQL],
        suspensions: @escaping @Sendable (UserID) -> SQL, forget: @escaping @Sendable (UserID) -> [SQL]
    ) {
        self.registerKey = registerKey
        self.revokeKeys = revokeKeys
        self.revokeAccessKeys = revokeAccessKeys
        self.revocation = revocation
        self.validKey = validKey
        self.linkEmail = linkEmail
        self.signIn = signIn
        self.suspend = suspend
        self.suspensions = suspensions
        self.forget = forget
    }
}

/// The status of an e-mail address for the user it is stored with. Only a proven address signs a user in.
public enum AddressStatus: String, Sendable, ColumnValue {
    /// Proven by the identity provider, or set by the platform operator.
    case proven
    /// The user was created with it; the first to prove it becomes the user, unless the user has already signed in.
    case invited
    /// Entered by someone else, for sending messages only.
    case contact
}

/// The log for operators. Messages are constant; variable parts are metadata.
public struct Log: Sendable {
    public enum Level: Sendable { case debug, info, notice, warning, error }
    let write: @Sendable (Level, StaticString, [String: String]) -> Void
    public init(_ write: @escaping @Sendable (Level, StaticString, [String: String]) -> Void) { self.write = write }
    public func debug(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.debug, message, metadata) }
    public func info(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.info, message, metadata) }
    /// Always written: state changes, and what staff have read or done.
    public func notice(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.notice, message, metadata) }
    public func warning(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.warning, message, metadata) }
    public func error(_ message: StaticString, _ metadata: [String: String] = [:]) { write(.error, message, metadata) }
}

extension Services {
    /// Returns the live implementation of a port.
    /// - Throws: `RequestError.notConfigured` when nothing is plugged in.
    public func port<P: Port>(_ type: P.Type = P.self) throws -> P {
        guard let port = ports.find(type) else { throw RequestError.notConfigured("This installation has no \(P.title).") }
        return port
    }
}
