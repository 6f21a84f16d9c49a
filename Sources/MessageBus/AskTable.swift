import Kernel

/// The unlogged table for asks and replies that do not fit into a notice, and for asks that nobody has heard.
///
/// A row with a holder has been taken by that process. An ask lost in a server crash counts as timed out.
enum AskTable {
    static let migration = Migration(
        "002-asks",
        [
            """
            CREATE {unlogged} TABLE platform.asks (
                id TEXT PRIMARY KEY, module TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, deadline BIGINT NOT NULL,
                correlation TEXT NOT NULL, causation TEXT, asker TEXT NOT NULL, holder TEXT, reply TEXT, failure TEXT)
            """,
            "CREATE INDEX asks_open ON platform.asks (module) WHERE holder IS NULL",
            "CREATE INDEX asks_answered ON platform.asks (asker) WHERE reply IS NOT NULL OR failure IS NOT NULL",
        ])

    /// Stores an ask unless it is stored. Returns a row if it was not.
    /// - Parameter holder: the process that takes it at once; then its body is not needed.
    static func add(_ ask: AskMessage, holder: String? = nil) -> SQL {
        """
        INSERT INTO platform.asks (id, module, name, body, deadline, correlation, causation, asker, holder)
        VALUES (\(ask.id), \(ask.module), \(ask.name), \(holder == nil ? ask.body : .null), \(ask.context.deadline),
            \(ask.context.trace.correlation), \(optional: ask.context.trace.causation), \(ask.asker), \(optional: holder))
        ON CONFLICT (id) DO NOTHING RETURNING id
        """
    }

    /// Takes some asks of a module for a process and returns them.
    static func take(_ module: String, for process: String) -> SQL {
        """
        UPDATE platform.asks SET holder = \(process) WHERE id IN (
            SELECT id FROM platform.asks WHERE module = \(module) AND holder IS NULL LIMIT 50 FOR UPDATE SKIP LOCKED)
        RETURNING id, module, name, body, deadline, correlation, causation, asker
        """
    }

    static func answer(_ ask: AskMessage, _ reply: ReplyMessage, by process: String) -> SQL {
        """
        INSERT INTO platform.asks (id, module, name, body, deadline, correlation, asker, holder, reply, failure)
        VALUES (\(ask.id), \(ask.module), \(ask.name), \(JSON.null), \(ask.context.deadline), \(ask.context.trace.correlation),
            \(ask.asker), \(process), \(optional: reply.reply), \(optional: reply.failure))
        ON CONFLICT (id) DO UPDATE SET reply = EXCLUDED.reply, failure = EXCLUDED.failure
        """
    }

    /// Removes the replies for a process and returns them.
    static func collect(for asker: String) -> SQL {
        """
        DELETE FROM platform.asks WHERE asker = \(asker) AND (reply IS NOT NULL OR failure IS NOT NULL) RETURNING id, name, \
        reply, failure
        """
    }

    static func expire(at now: Timestamp) -> SQL { "DELETE FROM platform.asks WHERE deadline < \(now - .seconds(60))" }
}
