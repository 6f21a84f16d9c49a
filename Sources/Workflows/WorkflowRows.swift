import Application
import Database
public import Kernel

/// The tables of workflow runs and their steps, in the schema of their module.
public enum WorkflowRows {
    /// Returns the migrations of every module that has workflows.
    public static func migrations(for schema: String) -> [Migration] { [tables(for: schema), resumptions(for: schema)] }

    private static func tables(for schema: String) -> Migration {
        Migration(
            "000-workflows",
            [
                """
                CREATE TABLE \(schema).workflow_runs (
                    run TEXT PRIMARY KEY, name TEXT NOT NULL, label TEXT NOT NULL, parameters TEXT NOT NULL, \
                status TEXT NOT NULL, wake_at BIGINT NOT NULL,
                    attempts BIGINT NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '', token BIGINT NOT NULL DEFAULT 0, \
                lease_until BIGINT NOT NULL DEFAULT 0,
                    result TEXT, error TEXT, creator TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)
                """,
                "CREATE INDEX workflow_runs_due_\(schema) ON \(schema).workflow_runs (wake_at) WHERE status IN ('queued', 'running')",
                "CREATE INDEX workflow_runs_by_age_\(schema) ON \(schema).workflow_runs (created_at)",
                """
                CREATE TABLE \(schema).workflow_steps (
                    run TEXT NOT NULL, name TEXT NOT NULL, place BIGINT NOT NULL, result TEXT NOT NULL, at BIGINT NOT NULL, \
                PRIMARY KEY (run, name))
                """,
            ])
    }

    /// Counts the resumptions of a run, so that one just before a sleep is not lost.
    private static func resumptions(for schema: String) -> Migration {
        Migration("004-workflow-wakes", ["ALTER TABLE \(schema).workflow_runs ADD COLUMN wakes BIGINT NOT NULL DEFAULT 0"])
    }

    static func resume(_ run: WorkflowID, in schema: String, at now: Timestamp) -> SQL {
        """
        UPDATE \(trusted: schema).workflow_runs SET wakes = wakes + 1, wake_at = \(now) WHERE run = \(run) \
        AND status IN ('queued', 'running')
        """
    }

    /// Returns the statement that starts a run in the caller's transaction; an existing run stays as it is.
    static func insert(_ start: WorkflowStart, into schema: String, at now: Timestamp) -> SQL {
        """
        INSERT INTO \(trusted: schema).workflow_runs (run, name, label, parameters, status, wake_at, creator, created_at, updated_at)
        VALUES (\(start.run), \(start.name), \(start.label), \(start.parameters), 'queued', \(start.at), \(start.creator), \
        \(now), \(now))
        ON CONFLICT (run) DO NOTHING
        """
    }

    static func steps(of run: WorkflowID, in schema: String) -> SQL {
        "SELECT name, result, at FROM \(trusted: schema).workflow_steps WHERE run = \(run) ORDER BY place"
    }

    /// Returns a run in the form shown to staff.
    static func describe(_ run: Row, _ steps: [Row]) throws(RowDecodingError) -> JSON {
        let name: String = try run.read("name"), status: String = try run.read("status")
        var progress: [JSON] = []
        for step in steps {
            progress.append(["at": try step.read("at", as: Timestamp.self).json, "message": .string(try step.read("name"))])
        }
        return [
            "instanceId": .string(try run.read("run")), "workflowName": .string(name),
            "binding": .string(name.uppercased().replacing("-", with: "_")), "label": .string(try run.read("label")),
            "status": .string(status), "liveStatus": .string(status), "params": try run.read("parameters"), "progress": .array(progress),
            "result": try run.find("result") ?? .null, "error": try run.find("error", as: String.self)?.json ?? .null,
            "createdBy": .string(try run.read("creator")), "createdAt": try run.read("created_at", as: Timestamp.self).json,
            "updatedAt": try run.read("updated_at", as: Timestamp.self).json,
        ]
    }
}
