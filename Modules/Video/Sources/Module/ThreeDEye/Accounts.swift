import Application
import IdentityContracts
import Kernel
import VideoContracts

/// The accounts of users in 3dEye. A row is there before the account is, as its intent, with the password that it will have.
enum Accounts {
    static let migration = Migration(
        "006-accounts",
        [
            """
            CREATE TABLE video.accounts (user_id TEXT PRIMARY KEY, remote_id TEXT, sealed TEXT NOT NULL, created_at BIGINT NOT NULL, \
            busy_until BIGINT NOT NULL, is_resumed BOOLEAN NOT NULL)
            """,
            "CREATE TABLE video.account_recovery (user_id TEXT NOT NULL, role_id TEXT NOT NULL, PRIMARY KEY (user_id, role_id))",
        ])

    struct Account: Sendable {
        let id: AccountID
        let login: Login
    }

    /// What logs in to an account. The address is that of the time when it was made.
    struct Login: Codable, Sendable {
        let email: String
        let password: String
    }

    /// Why there is no account.
    enum Refusal: Error, Sendable, Equatable { case noSuchUser, noAddress, addressIsTaken }

    enum Contact: Sendable, Equatable {
        case unknown, withoutAddress
        case address(String)
    }

    private static let purpose = "3deye-account"
    /// Longer than all calls of one try together.
    private static let patience = Duration.seconds(20)
    /// A try that seems to last longer began before the clock was set back.
    private static let longest = patience + .seconds(60)

    static func contact(of user: UserID, _ trace: Trace, _ services: Services) async throws -> Contact {
        let reply = try await services.bus.ask(PersonEmail(user: user), trace: trace, now: services.clock())
        guard reply.isKnown else { return .unknown }
        return reply.email.map(Contact.address) ?? .withoutAddress
    }

    /// Returns the account of a user; makes it when there is none.
    ///
    /// An account that 3dEye has for the address is taken over only when it carries our mark of this very user: an address proves
    /// nothing, and whoever types another person's must not get that person's account.
    /// - Throws: `Refusal`, `ThreeDEye.Failure`, or `RequestError.unavailable` while another request makes it.
    static func ensure(_ user: UserID, _ remote: ThreeDEye, _ trace: Trace, _ services: Services) async throws -> Account {
        if let known = try await find(user, services) { return known }
        guard case .address(let email) = try await contact(of: user, trace, services) else {
            throw try await contact(of: user, trace, services) == .unknown ? Refusal.noSuchUser : Refusal.noAddress
        }
        let (login, isResumed) = try await begin(user, email, services)
        do {
            let id = try await made(user, login, isResumed: isResumed, remote)
            _ = try await services.store.run([
                "UPDATE video.accounts SET remote_id = \(id) WHERE user_id = \(user) AND remote_id IS NULL"
            ])
            return Account(id: AccountID(id), login: login)
        } catch let failure as ThreeDEye.Failure {
            try await leave(user, mayBeMade: isResumed || failure.mayHaveHappened, services)
            throw failure
        } catch let refusal as Refusal {
            // One that an earlier try has made may not be listed yet.
            try await leave(user, mayBeMade: isResumed, services)
            throw refusal
        }
    }

    private static func made(_ user: UserID, _ login: Login, isResumed: Bool, _ remote: ThreeDEye) async throws -> String {
        let mark = RemoteMark.account(user)
        if isResumed, let known = try await remote.accounts.all().first(where: { $0.mark == mark }) { return known.id }
        do {
            return try await remote.accounts.create(login.email, login.password, mark)
        } catch ThreeDEye.Failure.conflict {
            throw Refusal.addressIsTaken
        }
    }

    /// Returns the account that is known; nil while there is none, or only the intent of one.
    static func find(_ user: UserID, _ services: Services) async throws -> Account? {
        let query: SQL = "SELECT remote_id, sealed FROM video.accounts WHERE user_id = \(user) AND remote_id IS NOT NULL"
        guard let row = try await services.store.query(query).first else { return nil }
        return Account(id: try row.read("remote_id"), login: try open(try row.read("sealed"), user, services))
    }

    private static func open(_ sealed: String, _ user: UserID, _ services: Services) throws -> Login {
        try JSON.parse(try services.vault.open(sealed, purpose, user.text)).decoded()
    }

    private static func begin(_ user: UserID, _ email: String, _ services: Services) async throws -> (Login, isResumed: Bool) {
        let now = services.clock()
        let new = Login(email: email, password: Base64URL.encode(services.vault.random(18)) + "aA1!")
        let sealed = try services.vault.seal(try JSON(encoding: new).bytes, purpose, user.text)
        let found = try await services.store.run([
            """
            INSERT INTO video.accounts AS a (user_id, remote_id, sealed, created_at, busy_until, is_resumed)
            VALUES (\(user), NULL, \(sealed), \(now), \(now + patience), FALSE)
            ON CONFLICT (user_id) DO UPDATE SET busy_until = EXCLUDED.busy_until, is_resumed = TRUE
            WHERE a.remote_id IS NULL AND (a.busy_until <= \(now) OR a.busy_until > \(now + longest))
            RETURNING sealed, is_resumed
            """
        ])
        guard let row = found.first?.first else {
            throw RequestError.unavailable("Another request makes this account just now.", retryAfter: .seconds(5))
        }
        return (try open(try row.read("sealed"), user, services), try row.read("is_resumed"))
    }

    private static func leave(_ user: UserID, mayBeMade: Bool, _ services: Services) async throws {
        _ = try await services.store.run([
            mayBeMade
                ? "UPDATE video.accounts SET busy_until = 0 WHERE user_id = \(user) AND remote_id IS NULL"
                : "DELETE FROM video.accounts WHERE user_id = \(user) AND remote_id IS NULL"
        ])
    }

    static func remove(_ user: UserID) -> SQL { "DELETE FROM video.accounts WHERE user_id = \(user)" }

    /// The roles that a suspension has taken from a user and that its end gives back.
    static func recovery(of user: UserID) -> SQL { "SELECT role_id FROM video.account_recovery WHERE user_id = \(user) ORDER BY role_id" }
    static func noteRecovery(of user: UserID, role: CameraRole.ID) -> SQL {
        """
        INSERT INTO video.account_recovery (user_id, role_id) VALUES (\(user), \(role)) ON CONFLICT (user_id, role_id) DO NOTHING
        """
    }
    static func forgetRecovery(of user: UserID, role: CameraRole.ID) -> SQL {
        "DELETE FROM video.account_recovery WHERE user_id = \(user) AND role_id = \(role)"
    }

    /// Deletes what is known of a user's account, in 3dEye first; returns whether there was one.
    static func delete(_ user: UserID, _ services: Services) async throws -> Bool {
        let query: SQL = "SELECT remote_id FROM video.accounts WHERE user_id = \(user)"
        guard let row = try await services.store.query(query).first else { return false }
        let remote = try services.port(ThreeDEye.self), mark = RemoteMark.account(user)
        // An account that was being made when the user was erased is known by its mark only.
        let id = try row.find("remote_id", as: String.self)
        if let id = try await remote.accounts.all().first(where: { $0.id == id || $0.mark == mark })?.id {
            do { try await remote.accounts.delete(id) } catch ThreeDEye.Failure.unknown {}
        }
        _ = try await services.store.run([remove(user), "DELETE FROM video.account_recovery WHERE user_id = \(user)"])
        return true
    }
}

extension Accounts.Refusal {
    var asRequestError: RequestError {
        switch self {
        case .noSuchUser: .refused(.unknown, code: nil, message: "There is no such user.")
        case .noAddress: .refused(.conflict, code: nil, message: "The user has no e-mail address, which an account of 3dEye needs.")
        case .addressIsTaken:
            .refused(.conflict, code: nil, message: "3dEye has an account for this address that is not ours to use.")
        }
    }
}
