import Database
import Kernel

/// Builds the SQL statements of commits. Several commits share a script when they are committed as a group.
///
/// Optimistic concurrency relies on the primary key of `events`: the second writer of a version violates it, and the whole transaction is
/// rolled back.
struct CommitScript {
    let schema: String
    let dialect: Dialect
    /// The epoch of the outbox (see `Epochs`).
    let epoch: Int

    /// Returns the statements, and the places among them of those that write to the outbox; these return `transaction_id` and `position`.
    func statements(for commits: [Commit]) -> (statements: [SQL], outbox: Range<Int>) {
        let appends = commits.flatMap(\.appends), rows = commits.flatMap(outboxRows)
        let streams =
            Fences.statements(for: commits) + claims(appends) + (dialect == .postgres ? gathered(appends) : appends.flatMap(single))
        let outbox = dialect == .postgres ? (rows.isEmpty ? [] : [outbox(rows)]) : rows.map(insert)
        return (
            streams + outbox + self.rows(commits), streams.count..<(streams.count + outbox.count)
        )
    }

    /// Returns the modules' own rows.
    private func rows(_ commits: [Commit]) -> [SQL] {
        let rows = commits.map { $0.appends.flatMap(\.rows) + $0.rows }
        return dialect == .postgres && commits.count > 1 ? MergedStatements.merge(rows) : rows.flatMap(\.self)
    }

    private func claims(_ appends: [Append]) -> [SQL] {
        appends.flatMap { append in
            append.claims.map { claim in
                switch claim {
                case .take(let kind, let value):
                    """
                    INSERT INTO \(trusted: schema).claims (kind, value, category, id)
                    VALUES (\(kind), \(value), \(append.stream.category), \(append.stream.id))
                    """
                case .release(let kind, let value):
                    """
                    DELETE FROM \(trusted: schema).claims
                    WHERE kind = \(kind) AND value = \(value) AND category = \(append.stream.category) AND id = \(append.stream.id)
                    """
                }
            }
        }
    }

    /// One row of the outbox.
    private struct OutboxRow {
        let envelope: String, name: String, stream: StreamName, subject: String, version: Int, at: Timestamp
        let audience: String, trace: Trace, data: String
    }

    private func outboxRows(_ commit: Commit) -> [OutboxRow] {
        let events = commit.appends.flatMap { append in
            append.events.enumerated().map { place, event in
                OutboxRow(
                    envelope: event.envelope, name: event.wire.type, stream: append.stream, subject: event.subject,
                    version: append.expected + place + 1, at: append.at, audience: Self.audience(event.audience), trace: commit.trace,
                    data: JSON.object(event.wire.data).encoded)
            }
        }
        return events
            + commit.messages.map { message in
                OutboxRow(
                    envelope: message.envelope, name: message.name, stream: message.stream, subject: message.stream.id, version: 0,
                    at: message.at, audience: Self.audience(message.audience), trace: commit.trace, data: JSON.object(message.data).encoded)
            }
    }

    private static func audience(_ orgs: [OrgID]) -> String { JSON.array(orgs.map(\.json)).encoded }
}

extension Append {
    /// The encoded state; empty to keep the stored one.
    fileprivate var stateText: String { state?.encoded ?? "" }
    /// Returns the data to store for an event, sealed if it was encrypted.
    fileprivate func data(at place: Int) -> JSON.Object { sealed?[place] ?? events[place].wire.data }
}

// MARK: - One statement per table, with arrays (PostgreSQL)

extension CommitScript {
    private func gathered(_ appends: [Append]) -> [SQL] {
        appends.isEmpty ? [] : [states(appends.sorted { $0.stream.description < $1.stream.description }), events(appends)]
    }

    /// Upserts the states. Rows are locked in the order of the streams, so that concurrent groups cannot deadlock.
    private func states(_ appends: [Append]) -> SQL {
        """
        INSERT INTO \(trusted: schema).aggregates AS known (category, id, version, shape, state, org_id, changed_at)
        SELECT * FROM unnest(CAST(\(texts(appends) { $0.stream.category }) AS TEXT[]), CAST(\(texts(appends) { $0.stream.id }) AS TEXT[]),
            CAST(\(ints(appends) { $0.version }) AS BIGINT[]), CAST(\(ints(appends) { $0.schemaVersion }) AS BIGINT[]),
            CAST(\(texts(appends) { $0.stateText }) AS TEXT[]), CAST(\(texts(appends) { $0.org?.text }) AS TEXT[]),
            CAST(\(ints(appends) { Int($0.at.milliseconds) }) AS BIGINT[]))
        ON CONFLICT (category, id) DO UPDATE SET version = EXCLUDED.version, \
            shape = CASE WHEN EXCLUDED.state = '' THEN known.shape ELSE EXCLUDED.shape END, \
        state = CASE WHEN EXCLUDED.state = '' THEN known.state ELSE EXCLUDED.state END,
            org_id = EXCLUDED.org_id, changed_at = EXCLUDED.changed_at
        """
    }

    private func events(_ appends: [Append]) -> SQL {
        let all = appends.flatMap { append in
            append.events.enumerated().map {
                (append: append, version: append.expected + $0 + 1, type: $1.wire.type, data: append.data(at: $0))
            }
        }
        return """
            INSERT INTO \(trusted: schema).events (category, id, version, type, data, org_id, at)
            SELECT * FROM unnest(CAST(\(texts(all) { $0.append.stream.category }) AS TEXT[]), \
            CAST(\(texts(all) { $0.append.stream.id }) AS TEXT[]),
                CAST(\(ints(all) { $0.version }) AS BIGINT[]), CAST(\(texts(all) { $0.type }) AS TEXT[]),
                CAST(\(texts(all) { JSON.object($0.data).encoded }) AS TEXT[]), CAST(\(texts(all) { $0.append.org?.text }) AS TEXT[]),
                CAST(\(ints(all) { Int($0.append.at.milliseconds) }) AS BIGINT[]))
            """
    }

    private func outbox(_ rows: [OutboxRow]) -> SQL {
        """
        INSERT INTO \(trusted: schema).outbox
            (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, causation, data)
        SELECT \(epoch), * FROM unnest(CAST(\(ints(rows) { Shard.of($0.stream) }) AS BIGINT[]), \
        CAST(\(texts(rows) { $0.envelope }) AS TEXT[]),
            CAST(\(texts(rows) { $0.name }) AS TEXT[]), CAST(\(texts(rows) { $0.stream.category }) AS TEXT[]),
            CAST(\(texts(rows) { $0.stream.id }) AS TEXT[]), CAST(\(texts(rows) { $0.subject }) AS TEXT[]),
            CAST(\(ints(rows) { $0.version }) AS BIGINT[]), CAST(\(ints(rows) { Int($0.at.milliseconds) }) AS BIGINT[]),
            CAST(\(texts(rows) { $0.audience }) AS TEXT[]), CAST(\(texts(rows) { $0.trace.correlation }) AS TEXT[]),
            CAST(\(texts(rows) { $0.trace.causation }) AS TEXT[]), CAST(\(texts(rows) { $0.data }) AS TEXT[]))
        RETURNING transaction_id, position
        """
    }

    private func texts<Item>(_ items: [Item], _ value: (Item) -> String?) -> SQLValue { .texts(items.map(value)) }
    private func ints<Item>(_ items: [Item], _ value: (Item) -> Int) -> SQLValue { .ints(items.map { Int64(value($0)) }) }
}

// MARK: - One statement per row (SQLite)

extension CommitScript {
    private func single(_ append: Append) -> [SQL] { [state(append)] + events(append) }

    private func state(_ append: Append) -> SQL {
        """
        INSERT INTO \(trusted: schema).aggregates AS known (category, id, version, shape, state, org_id, changed_at)
        VALUES (\(append.stream.category), \(append.stream.id), \(append.version), \(append.schemaVersion), \(append.stateText), \
        \(optional: append.org), \(append.at))
        ON CONFLICT (category, id) DO UPDATE SET version = EXCLUDED.version, \
            shape = CASE WHEN EXCLUDED.state = '' THEN known.shape ELSE EXCLUDED.shape END, \
        state = CASE WHEN EXCLUDED.state = '' THEN known.state ELSE EXCLUDED.state END,
            org_id = EXCLUDED.org_id, changed_at = EXCLUDED.changed_at
        """
    }

    private func events(_ append: Append) -> [SQL] {
        append.events.enumerated().map { place, event in
            """
            INSERT INTO \(trusted: schema).events (category, id, version, type, data, org_id, at)
            VALUES (\(append.stream.category), \(append.stream.id), \(append.expected + place + 1), \(event.wire.type),
                \(JSON.object(append.data(at: place))), \(optional: append.org), \(append.at))
            """
        }
    }

    private func insert(_ row: OutboxRow) -> SQL {
        """
        INSERT INTO \(trusted: schema).outbox
            (epoch, shard, envelope, name, category, id, subject, version, at, audience, correlation, causation, data)
        VALUES (\(epoch), \(Shard.of(row.stream)), \(row.envelope), \(row.name), \(row.stream.category), \(row.stream.id),
            \(row.subject), \(row.version), \(row.at), \(row.audience), \(row.trace.correlation), \
        \(optional: row.trace.causation), \(row.data))
        RETURNING transaction_id, position
        """
    }
}
