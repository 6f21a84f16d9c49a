public import Application
public import Database
import Kernel

/// Converts UUIDs that earlier builds stored in capitals to lower case, as all ids are written now (RFC 9562 §4): in keys and references,
/// in data encrypted for them, and in states. A schema is folded as a whole, once, while no process serves; two rows that would get the
/// same key abort it.
public struct UUIDFolding: Sendable {
    /// Two or more rows differ only in the case of a UUID.
    public struct Collision: Error, CustomStringConvertible {
        /// The rows, one per line.
        public let rows: [String]
        public var description: String {
            "ids that differ in nothing but capitals: one of each must go before the update (`spkey doctor --uuids`)\n"
                + rows.joined(separator: "\n")
        }
    }

    /// The texts to fold in a column.
    public struct Finding: Sendable {
        public let schema: String
        public let table: String
        public let column: String
        /// The texts as stored.
        public let texts: [String]
    }

    public static let step = "900-fold-uuids"
    private let database: any Database
    private let vault: Vault
    private let schema: String

    public init(_ schema: String, database: any Database, vault: Vault) {
        self.schema = schema
        self.database = database
        self.vault = vault
    }

    public static func isDone(_ schema: String, _ database: any Database) async throws -> Bool {
        do {
            return try await !database.read("SELECT name FROM \(trusted: schema).migrations WHERE name = \(step)").isEmpty
        } catch DatabaseError.statement {
            return false  // the schema does not exist yet
        }
    }

    /// Folds the schema unless this has been done. The platform's schema must be folded first: it contains the keys of users.
    public func run() async throws {
        guard try await !Self.isDone(schema, database) else { return }
        do {
            try await database.transaction { transaction in
                _ = try await transaction.execute(Migrator.lock(database.dialect))
                guard try await transaction.execute("SELECT name FROM \(trusted: schema).migrations WHERE name = \(Self.step)").rows.isEmpty
                else { return }
                let columns = try await TextColumns(of: schema, in: transaction, database.dialect)
                let documents = SealedDocuments(schema: schema, vault: vault, transaction: transaction)
                if columns.tables.contains(where: { $0.name == "person_keys" }) { try await documents.foldPersonKeys() }
                if columns.tables.contains(where: { $0.name == "events" }) { try await documents.fold() }
                for finding in try await findings(columns, transaction) { try await fold(finding, transaction) }
                _ = try await transaction.execute("INSERT INTO \(trusted: schema).migrations (name, at) VALUES (\(Self.step), 0)")
            }
        } catch DatabaseError.unique {
            throw Collision(rows: try await collisions())
        }
    }

    public func findings() async throws -> [Finding] {
        try await database.transaction { try await findings(try await TextColumns(of: schema, in: $0, database.dialect), $0) }
    }

    private func findings(_ columns: TextColumns, _ transaction: any Transaction) async throws -> [Finding] {
        var findings: [Finding] = []
        for table in columns.tables {
            for column in table.texts {
                // JSON documents are skipped: the types that read them fold UUIDs.
                let rows = try await transaction.execute(
                    """
                    SELECT DISTINCT \(trusted: column) AS spelled FROM \(trusted: schema).\(trusted: table.name)
                    WHERE \(trusted: column) <> lower(\(trusted: column)) AND length(\(trusted: column)) BETWEEN 36 AND 300
                        AND \(trusted: column) NOT LIKE '{%' AND \(trusted: column) NOT LIKE '[%'
                    """
                ).rows
                let texts = try rows.map { try $0.read("spelled", as: String.self) }.filter { $0.withFoldedUUIDs != $0 }.sorted()
                if !texts.isEmpty { findings.append(Finding(schema: schema, table: table.name, column: column, texts: texts)) }
            }
        }
        return findings
    }

    private func fold(_ finding: Finding, _ transaction: any Transaction) async throws {
        // Unread messages keep their shards, because each part of a subscription has its own checkpoint.
        for text in finding.texts {
            _ = try await transaction.execute(
                """
                UPDATE \(trusted: schema).\(trusted: finding.table) SET \(trusted: finding.column) = \(text.withFoldedUUIDs)
                WHERE \(trusted: finding.column) = \(text)
                """)
        }
    }

    /// Returns the rows whose keys would become equal, one per line.
    public func collisions() async throws -> [String] {
        try await database.transaction { transaction in
            var lines: [String] = []
            let columns = try await TextColumns(of: schema, in: transaction, database.dialect)
            for table in columns.tables {
                let keys = table.key.filter(table.texts.contains)
                for column in keys { lines += try await collisions(in: table, by: column, transaction) }
            }
            return lines
        }
    }

    private func collisions(in table: TextColumns.Table, by column: String, _ transaction: any Transaction) async throws -> [String] {
        let key = table.key.joined(separator: ", "), qualified = table.key.map { "t.\($0)" }.joined(separator: ", ")
        let alike = table.key.map { $0 == column ? "lower(o.\($0)) = lower(t.\($0)) AND o.\($0) <> t.\($0)" : "o.\($0) = t.\($0)" }.joined(
            separator: " AND ")
        let rows = try await transaction.execute(
            """
            SELECT \(trusted: qualified) FROM \(trusted: schema).\(trusted: table.name) t
            WHERE length(t.\(trusted: column)) BETWEEN 36 AND 300
                AND EXISTS (SELECT 1 FROM \(trusted: schema).\(trusted: table.name) o WHERE \(trusted: alike))
            ORDER BY \(trusted: table.key.map { $0 == column ? "lower(t.\($0))" : "t.\($0)" }.joined(separator: ", "))
            """
        ).rows
        return try rows.filter { try $0.find(column, as: String.self)?.hasUUID ?? false }.map { row in
            let values = try table.key.map { try row.read($0, as: KeyPart.self).text }.joined(separator: ", ")
            return "\(schema).\(table.name) (\(key)): \(values)"
        }
    }
}

extension String {
    /// The text with its UUIDs in lower case; a UUID is the whole text or a part separated by `/` or `:`.
    var withFoldedUUIDs: String { inParts { $0.foldedUUID } }

    fileprivate var hasUUID: Bool { split { $0 == "/" || $0 == ":" }.contains { UUIDText.problem(with: String($0)) == nil } }

    private func inParts(_ body: (String) -> String) -> String {
        split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.split(separator: ":", omittingEmptySubsequences: false).map { body(String($0)) }.joined(separator: ":")
        }.joined(separator: "/")
    }
}

/// A primary key column as text for messages.
private struct KeyPart: ColumnValue {
    let text: String

    init?(column: SQLValue) {
        switch column {
        case .text(let value): text = value
        case .int(let number): text = String(number)
        case .bool(let flag): text = String(flag)
        default: text = "…"
        }
    }
}
