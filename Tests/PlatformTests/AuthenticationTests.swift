import Application
import Database
import Kernel
import KernelTesting
import Testing

@testable import HTTPEdge

/// Who a token without an id of ours belongs to.
@Suite struct AuthenticationTests {
    private func establish(_ more: JSON.Object, _ standing: AddressStatus = .proven, requires: Bool = false) async throws
        -> Authentication.Outcome
    {
        try await TestDatabase.with(.sqlite) { try await establish(more, standing, requires: requires, on: TestDatabase.current) }
    }

    private func establish(_ more: JSON.Object, _ standing: AddressStatus, requires: Bool, on database: any Database) async throws
        -> Authentication.Outcome
    {
        try await Migrator(database).migrate(
            schema: "platform", [CredentialDirectory.migration, CredentialDirectory.suspensions, CredentialDirectory.signIns])
        let port = CredentialDirectory.port { user in "DELETE FROM platform.users WHERE user_id = \(user)" }
        _ = try await database.transact(port.linkEmail("ann", "ann@b.example", standing))
        var settings = EdgeSettings()
        settings.developmentSecret = "development-only-secret"
        settings.requiresVerifiedEmail = requires
        let now: @Sendable () -> Timestamp = { TokenTests.now }
        let tokens = await BearerTokens(settings: settings, fetch: { _ in [] }, clock: now)
        let claims: JSON.Object = ["sub": "auth0|1", "email": "Ann@B.example", "exp": .int(TokenTests.now.seconds + 60)]
        let token = try Issuer().token("HS256", kid: nil, claims.merging(more))
        let authentication = Authentication(
            settings: settings, directory: CredentialDirectory(database: database),
            accessKeys: AccessKeys(database, FakeServices().services("platform").vault), tokens: tokens, clock: now)
        return try await authentication.establish(["authorization": "Bearer \(token)"], for: .client, signed: nil, mayRemember: false)
    }

    @Test(arguments: [[:], ["email_verified": true]] as [JSON.Object]) func `an address names its user`(claims: JSON.Object) async throws {
        #expect(try await establish(claims).caller == .user("ann", email: "ann@b.example"))
    }

    @Test func `an address that nobody has confirmed names nobody`() async throws {
        await #expect(throws: RequestError.unauthenticated("The token belongs to no known user.")) {
            try await establish(["email_verified": false])
        }
    }

    @Test func `an address that nobody has confirmed is not told on`() async throws {
        let id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
        #expect(try await establish(["email_verified": false, "sub": .string(id)]).caller == .user(UserID(id), email: nil))
    }

    @Test(arguments: ["false", 0, 1, [true], [:], .null, false, "true"] as [JSON]) func `only a plain yes confirms an address`(claim: JSON)
        async throws
    {
        await #expect(throws: RequestError.unauthenticated("The token belongs to no known user.")) {
            try await establish(["email_verified": claim])
        }
    }

    @Test func `an address that somebody else has typed signs nobody in, and an invitation is taken up`() async throws {
        await #expect(throws: RequestError.self) { try await establish(["email_verified": true], .contact) }
        #expect(try await establish(["email_verified": true], .invited).caller == .user("ann", email: "ann@b.example"))
    }

    @Test func `silence confirms nothing where a word is required`() async throws {
        await #expect(throws: RequestError.self) { try await establish([:], requires: true) }
        #expect(try await establish(["email_verified": true], requires: true).caller == .user("ann", email: "ann@b.example"))
    }

    @Test func `a letter that only looks like one of an address is no such letter`() async throws {
        await #expect(throws: RequestError.self) { try await establish(["email": "ann@b.example".replacing("n", with: "\u{FF4E}").json]) }
        await #expect(throws: RequestError.self) { try await establish(["email": "\u{212A}ann@b.example"]) }
    }

    @Test(arguments: ["sub", "https://spkey.co/user_id"]) func `a token may spell a user's id in capitals`(claim: String) async throws {
        let id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
        #expect(try await establish([claim: .string(id.uppercased()), "email_verified": false]).caller.user?.text == id)
    }
}
