import Database
import HTTPEdge
import Kernel
public import Logging
import EventStore
import PartnersContracts

/// What an operator does without the API.
public enum Console {
    /// A new API key, shown once.
    public static func createApiKey(_ settings: Settings, org: String, name: String, isSuper: Bool, log: Logger) async throws -> String {
        let system = try await System.assemble(settings, log: log)
        let key = try await system.ask(CreateApiKey(org: OrgID(org), orgName: name, isSuper: isSuper)).key
        await system.storage.database.close()
        return key
    }

    /// Ends all super keys of a tenant; answers how many there were.
    public static func revokeSuperKeys(_ settings: Settings, org: String) async throws -> Int {
        let storage = try Storage(settings)
        let rows = try await storage.database.transact(CredentialDirectory.dismissSuperKeys(of: OrgID(org)))
        await storage.database.close()
        return Int(rows[0].affected)
    }

    /// Makes the views of modules anew; answers what was replayed, in words. Nothing may serve meanwhile.
    public static func rebuild(_ settings: Settings, modules names: [String], log: Logger) async throws -> [String] {
        let system = try await System.assemble(settings, log: log), database = system.storage.database
        let people = PersonKeys(database: database, vault: try CryptoVault(settings).port)
        var told: [String] = []
        for context in try Modules.chosen(names) {
            guard let services = system.services[context.name] else { continue }
            let store = ModuleStore(schema: context.name, database: database, epoch: 0, people: people, aggregates: context.aggregates)
            let views = context.assemble(services).reactions.filter { $0.view != nil }
            let count = try await Rebuild(context, store: store, database: database, reactions: views).run()
            told.append("\(context.name): \(count) streams replayed, \(views.count) subscriptions begin anew")
        }
        await system.storage.database.close()
        return told
    }

    /// The first bad row of the stored event log in words; nil when all is well.
    public static func verify(_ settings: Settings) async throws -> String? {
        let storage = try Storage(settings)
        let people = PersonKeys(database: storage.database, vault: try CryptoVault(settings).port)
        for context in Modules.all {
            let verifier = Verifier(schema: context.name, aggregates: context.aggregates, database: storage.database, people: people)
            if let fault = try await verifier.firstFault() { return fault }
        }
        await storage.database.close()
        return nil
    }
}
