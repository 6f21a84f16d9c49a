import Application
import Kernel
import VideoContracts

/// What is known of a user's account, here and in 3dEye, for staff who look for a fault.
struct AccountStatus: Lookup {
    let user: UserID

    struct Found: Sendable {
        let user: UserID
        let contact: Accounts.Contact
        let mapping: Row?
        let recovery: [String]
        let isConfigured: Bool
        let customer: String?
        let accounts: [ThreeDEye.Account]?
        let error: String?

        var email: String? { if case .address(let email) = contact { email } else { nil } }
        var remoteID: String? { mapping.flatMap { try? $0.find("remote_id", as: String.self) } }
        var match: ThreeDEye.Account? { accounts?.first { $0.email.lowercased() == email?.lowercased() } }
    }

    static let missing: String? = nil
    /// As many addresses as are shown.
    private static let samples = 5

    private static let account = Shape<ThreeDEye.Account>(
        .member("id") { $0.id }, .member("email") { $0.email }, .member("roleCount") { $0.roles })
    private static let known = Shape<Found>(
        .member("found") { $0.contact != .unknown }, .json("email", Schema.string.nullable) { $0.email.map(JSON.string) ?? .null })
    private static let mapping = Shape<Found>(
        .member("found") { $0.mapping != nil },
        .json("threedeyeUserId", Schema.string.nullable) { $0.remoteID.map(JSON.string) ?? .null },
        .member("hasPassword") { $0.mapping != nil },
        .json("createdAt", Schema.string.nullable) { found in
            found.mapping.flatMap { try? $0.read("created_at", as: Timestamp.self) }.map(\.json) ?? .null
        },
        .json("remoteAccountExists", Schema.boolean.nullable) { found in
            guard let id = found.remoteID, let accounts = found.accounts else { return .null }
            return .bool(accounts.contains { $0.id == id })
        })
    private static let remote = Shape<Found>(
        .member("configured") { $0.isConfigured }, .json("customerId", Schema.string.nullable) { $0.customer.map(JSON.string) ?? .null },
        .json("customerUserCount", Schema.integer.nullable) { $0.accounts.map { .int(Int64($0.count)) } ?? .null },
        .json("emailPresentInCustomer", Schema.boolean.nullable) { found in found.accounts.map { _ in .bool(found.match != nil) } ?? .null
        },
        .json("match", account.schema.nullable) { $0.match.map(account.json) ?? .null },
        .json("sampleEmails", .list(of: .string)) { .array(($0.accounts ?? []).prefix(samples).map { .string($0.email) }) },
        .json("error", Schema.string.nullable) { $0.error.map(JSON.string) ?? .null })

    static let shape = Shape<Found>(
        .member("userId") { $0.user }, .object("user", known) { $0 }, .object("mapping", mapping) { $0 },
        .json("recovery", Schema.object(["found": .boolean, "roleIds": .list(of: .string)])) {
            ["found": .bool(!$0.recovery.isEmpty), "roleIds": .array($0.recovery.map(JSON.string))]
        }, .object("remote", remote) { $0 })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        let contact = try await Accounts.contact(of: user, request.trace, services)
        let mapping: SQL = "SELECT remote_id, created_at FROM video.accounts WHERE user_id = \(user)"
        let rows = try await services.store.read([mapping, Accounts.recovery(of: user)])
        let remote = try? services.port(ThreeDEye.self)
        var accounts: [ThreeDEye.Account]?, error: String?
        if let remote {
            do { accounts = try await remote.accounts.all() } catch let failure as ThreeDEye.Failure { error = "\(failure)" }
        }
        return Found(
            user: user, contact: contact, mapping: rows[0].first, recovery: try rows[1].map { try $0.read("role_id") },
            isConfigured: remote != nil, customer: remote?.accounts.customer, accounts: accounts, error: error)
    }

    static let operation = Operation.lookup(
        "/admin/threedeye/users/{userId}", "Look into a user's account in 3dEye", allow: .staff,
        inputs: .init(.path("userId", "Id of the user.")), make: AccountStatus.init(user:))
}
