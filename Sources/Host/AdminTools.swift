public import AWS
import Application
import Database
import EventStore
import HTTPEdge
import Kernel
public import Logging
import PartnersContracts

/// Operator tasks that do not use the API.
public enum AdminTools {
    /// Creates an API key and returns it; it is shown only once.
    public static func createApiKey(_ settings: Settings, org: String, name: String, isSuper: Bool, replaces: Bool, log: Logger)
        async throws -> String
    {
        let system = try await System.assemble(settings, log: log)
        let outcome: Result<String, any Error>
        do {
            outcome = .success(try await system.ask(CreateApiKey(org: OrgID(org), orgName: name, isSuper: isSuper, replaces: replaces)).key)
        } catch RequestError.refused(.conflict, _, _) where !replaces {
            outcome = .failure(
                ConfigurationError("\(org) has a key that is in use; --replace makes a new one and ends the old one at once"))
        } catch RequestError.refused(_, _, let message) {
            outcome = .failure(ConfigurationError(message))
        } catch {
            outcome = .failure(error)
        }
        await system.storage.database.close()
        return try outcome.get()
    }

    /// Makes a pair of keys for clients that sign their requests as AWS's do; its secret is shown only once.
    public static func createAccessKey(_ settings: Settings, org: String, isSuper: Bool, replaces: Bool, log: Logger) async throws
        -> SignatureV4.Credentials
    {
        let system = try await System.assemble(settings, log: log), database = system.storage.database
        let outcome: Result<SignatureV4.Credentials, any Error>
        do {
            let isKnown = if isSuper { true } else { try await system.ask(TenantExists(org: OrgID(org))).exists }
            guard isKnown else { throw ConfigurationError("there is no tenant \(org); make it an API key first") }
            let keys = AccessKeys(database, try CryptoVault(settings).port)
            outcome = .success(
                try await keys.create(for: OrgID(org), isSuper: isSuper, replaces: replaces, at: Clocks.wall()))
        } catch is AccessKeys.Full {
            outcome = .failure(
                ConfigurationError("\(org) has \(AccessKeys.maxPerTenant) pairs; --replace makes a new one and ends them at once"))
        } catch {
            outcome = .failure(error)
        }
        await database.close()
        return try outcome.get()
    }

    /// Revokes the pairs of keys of a tenant; returns how many there were.
    public static func revokeAccessKeys(_ settings: Settings, org: String, isSuper: Bool) async throws -> Int {
        let storage = try Storage(settings)
        let rows = try await storage.database.transact([AccessKeys.revoke(OrgID(org), isSuper: isSuper)])
        await storage.database.close()
        return Int(rows[0].affected)
    }

    /// Revokes all super keys of a tenant; returns how many there were.
    public static func revokeSuperKeys(_ settings: Settings, org: String) async throws -> Int {
        let storage = try Storage(settings)
        let rows = try await storage.database.transact(CredentialDirectory.dismissSuperKeys(of: OrgID(org)))
        await storage.database.close()
        return Int(rows[0].affected)
    }

    /// Rebuilds the views of modules; returns what was replayed, in words. No process may serve meanwhile.
    public static func rebuild(_ settings: Settings, modules names: [String], log: Logger) async throws -> [String] {
        let system = try await System.assemble(settings, log: log), database = system.storage.database
        let people = PersonKeys(database: database, vault: try CryptoVault(settings).port)
        var told: [String] = []
        for module in try Modules.chosen(names) {
            guard let services = system.services[module.name] else { continue }
            let store = ModuleStore(schema: module.name, database: database, epoch: 0, people: people, aggregates: module.aggregates)
            let views = try module.assemble(services).reactions.filter { $0.view != nil }
            let count = try await Rebuild(module, store: store, database: database, reactions: views).run()
            told.append("\(module.name): \(count) streams replayed, \(views.count) subscriptions begin anew")
        }
        await system.storage.database.close()
        return told
    }

    /// Returns the streams that are stopped by a parked message, one line each.
    public static func parkedMessages(_ settings: Settings) async throws -> [String] {
        try await withStorage(settings) { storage in
            var lines: [String] = []
            for module in Modules.all {
                for one in try await ParkedMessages(schema: module.name, database: storage.database).streams() {
                    let waiting = one.isToBeRetried ? ", to be tried again" : ""
                    lines.append(
                        """
                        \(one.subscription) \(one.stream) stopped at \(one.name) \(one.envelope) since \(one.since), \
                        \(one.waiting) behind it\(waiting): \(one.error)
                        """
                    )
                }
            }
            return lines
        }
    }

    /// Returns how many messages will be retried.
    public static func retryParked(_ settings: Settings, _ subscription: String?) async throws -> Int {
        try await withStorage(settings) { storage in
            var count = 0
            for module in Modules.all {
                count += try await ParkedMessages(schema: module.name, database: storage.database).retry(subscription)
            }
            return count
        }
    }

    public static func dropParked(_ settings: Settings, _ subscription: String, _ envelope: String) async throws -> Bool {
        try await withStorage(settings) { storage in
            for module in Modules.all {
                if try await ParkedMessages(schema: module.name, database: storage.database).drop(subscription, envelope) { return true }
            }
            return false
        }
    }

    private static func withStorage<Result>(_ settings: Settings, _ body: (Storage) async throws -> Result) async throws -> Result {
        let storage = try Storage(settings)
        do {
            let result = try await body(storage)
            await storage.database.close()
            return result
        } catch {
            await storage.database.close()
            throw error
        }
    }

    /// Returns the columns with upper-case UUIDs that `migrate` folds to lower case, one line each, and the rows that would then collide,
    /// one line each.
    public static func uuids(_ settings: Settings) async throws -> (folds: [String], collisions: [String]) {
        try await withStorage(settings) { storage in
            let vault = try CryptoVault(settings).port
            var folds: [String] = [], collisions: [String] = []
            for schema in [Storage.platform] + Modules.all.map(\.name) {
                let folding = UUIDFolding(schema, database: storage.database, vault: vault)
                folds += try await folding.findings().map { "\($0.schema).\($0.table).\($0.column): \($0.texts.count), as \($0.texts[0])" }
                collisions += try await folding.collisions()
            }
            return (folds, collisions)
        }
    }

    /// Returns a description of the first bad row in the stored event log; nil when there is none.
    public static func verify(_ settings: Settings) async throws -> String? {
        try await withStorage(settings) { storage in
            let people = PersonKeys(database: storage.database, vault: try CryptoVault(settings).port)
            for module in Modules.all {
                let verifier = Verifier(schema: module.name, aggregates: module.aggregates, database: storage.database, people: people)
                if let fault = try await verifier.firstFault() { return fault }
            }
            return nil
        }
    }
}
