import Application
import Database
import Kernel

/// Folds UUIDs inside documents: in texts sealed for a user and a stream, whose ids are part of the encryption context, and in states.
struct SealedDocuments {
    let schema: String
    let vault: Vault
    let transaction: any Transaction

    private static let batchSize = 500

    /// Seals the keys of users again, because each is sealed with the user's id as context.
    func foldPersonKeys() async throws {
        let rows = try await transaction.execute("SELECT user_id, sealed FROM platform.person_keys WHERE user_id <> lower(user_id)").rows
        for row in rows {
            guard let person = try row.find("user_id", as: String.self), person.withFoldedUUIDs != person,
                let sealed = try row.find("sealed", as: String.self)
            else { continue }
            let folded = try PersonKeys.resealed(sealed, of: person, for: person.withFoldedUUIDs, vault)
            _ = try await transaction.execute("UPDATE platform.person_keys SET sealed = \(folded) WHERE user_id = \(person)")
        }
    }

    /// Seals the personal data of events for the ids in lower case, and has states rebuilt that contain ids in capitals.
    func fold() async throws {
        try await foldEvents()
        try await foldStates()
    }

    private func foldEvents() async throws {
        var last = (category: "", id: "", version: Int64(0)), keys: [String: [UInt8]?] = [:]
        while true {
            let rows = try await transaction.execute(
                """
                SELECT category, id, version, data FROM \(trusted: schema).events
                WHERE (category, id, version) > (\(last.category), \(last.id), \(last.version)) AND data LIKE '%sealed:%'
                ORDER BY category, id, version LIMIT \(Self.batchSize)
                """
            ).rows
            for row in rows {
                last = (try row.read("category"), try row.read("id"), try row.read("version"))
                guard let data = try row.find("data", as: JSON.self) else { continue }
                for person in PersonKeys.people(in: data) where keys[person] == nil { keys[person] = .some(try await key(of: person)) }
                let folded = try PersonKeys.refolded(data, of: last.category, last.id, keys, vault)
                guard folded != data else { continue }
                _ = try await transaction.execute(
                    """
                    UPDATE \(trusted: schema).events SET data = \(folded)
                    WHERE category = \(last.category) AND id = \(last.id) AND version = \(last.version)
                    """)
            }
            guard rows.count == Self.batchSize else { return }
        }
    }

    /// Returns nil when the user's key has been erased.
    private func key(of person: String) async throws -> [UInt8]? {
        let folded = person.withFoldedUUIDs
        let row = try await transaction.execute("SELECT sealed FROM platform.person_keys WHERE user_id = \(folded)").rows.first
        return try row?.find("sealed", as: String.self).map { try PersonKeys.key($0, of: folded, vault) }
    }

    /// Marks states to be rebuilt from their events: a state whose schema version differs from the build's is folded again.
    private func foldStates() async throws {
        var last = (category: "", id: "")
        while true {
            let rows = try await transaction.execute(
                """
                SELECT category, id, state FROM \(trusted: schema).aggregates
                WHERE (category, id) > (\(last.category), \(last.id)) ORDER BY category, id LIMIT \(Self.batchSize)
                """
            ).rows
            for row in rows {
                last = (try row.read("category"), try row.read("id"))
                guard try last.id.withFoldedUUIDs != last.id || row.read("state", as: JSON.self).hasCapitalUUID else { continue }
                _ = try await transaction.execute(
                    "UPDATE \(trusted: schema).aggregates SET shape = -1 WHERE category = \(last.category) AND id = \(last.id)")
            }
            guard rows.count == Self.batchSize else { return }
        }
    }
}

extension JSON {
    fileprivate var hasCapitalUUID: Bool {
        switch self {
        case .string(let text): text.withFoldedUUIDs != text
        case .array(let items): items.contains(where: \.hasCapitalUUID)
        case .object(let object): object.contains { $0.key.withFoldedUUIDs != $0.key || $0.value.hasCapitalUUID }
        default: false
        }
    }
}
