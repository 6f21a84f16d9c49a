import Database
import Kernel

/// The text columns of a schema's tables, read from the database's catalog.
struct TextColumns {
    struct Table {
        let name: String
        let texts: [String]
        /// The columns of its primary key.
        let key: [String]
    }

    let schema: String
    let tables: [Table]

    init(of schema: String, in transaction: any Transaction, _ dialect: Dialect) async throws {
        let rows = try await transaction.execute(dialect == .postgres ? Self.postgres(schema) : Self.sqlite(schema)).rows
        self.schema = schema
        tables = try Dictionary(grouping: rows) { try $0.read("tab", as: String.self) }.sorted { $0.key < $1.key }.map { name, columns in
            func named(_ flag: String) throws -> [String] {
                try columns.filter { try $0.read(flag, as: Int.self) == 1 }.map { try $0.read("col") }
            }
            return Table(name: name, texts: try named("is_text"), key: try named("is_key"))
        }
    }

    private static func postgres(_ schema: String) -> SQL {
        """
        SELECT c.relname AS tab, a.attname AS col, CASE WHEN t.typname = 'text' THEN 1 ELSE 0 END AS is_text,
            CASE WHEN a.attnum = ANY(i.indkey) THEN 1 ELSE 0 END AS is_key
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
        AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
        WHERE n.nspname = \(schema) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        """
    }

    private static func sqlite(_ schema: String) -> SQL {
        """
        SELECT substr(m.name, \(schema.utf8.count + 2)) AS tab, p.name AS col, p.type = 'TEXT' AS is_text, p.pk > 0 AS is_key
        FROM sqlite_master m JOIN pragma_table_info(m.name) p
        WHERE m.type = 'table' AND substr(m.name, 1, \(schema.utf8.count + 1)) = \(schema + "_")
        """
    }
}
