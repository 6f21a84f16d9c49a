import Application
import Kernel

/// The SQL that gives each module its own PostgreSQL role: all rights on its schema and the shared schema; on other schemas only the right
/// to read what they publish, and the columns that a fence compares.
public enum Grants {
    public static var statements: String { Modules.all.map { statements(for: $0.name) }.joined(separator: "\n") }

    private static func statements(for module: String) -> String {
        let role = "spkey_\(module)", others = Modules.all.map(\.name).filter { $0 != module }
        let own = "\(module), \(Storage.platform)"
        return """
            DO $$ BEGIN CREATE ROLE \(role) LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
            GRANT USAGE ON SCHEMA \(own) TO \(role);
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(own) TO \(role);
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(own) TO \(role);
            GRANT USAGE ON SCHEMA \(others.joined(separator: ", ")) TO \(role);
            GRANT SELECT ON \(others.map { "\($0).outbox" }.joined(separator: ", ")) TO \(role);
            \(others.map { "GRANT SELECT (category, id, version, changed_at) ON \($0).aggregates TO \(role);" }.joined(separator: "\n"))

            """
    }
}
