import Database
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
