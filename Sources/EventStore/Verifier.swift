import Application
public import Database
public import Kernel

/// Checks a module's stored log: versions without gaps, and states that equal the fold of their events.
public struct Verifier: Sendable {
    let schema: String
    let aggregates: [AnyAggregate]
    let database: any Database
    let people: PersonKeys?

    public init(schema: String, aggregates: [AnyAggregate], database: any Database, people: PersonKeys? = nil) {
        self.schema = schema
        self.aggregates = aggregates
        self.database = database
        self.people = people
    }

    private static let page = 500

    /// Returns a description of the first fault, or nil when the log is sound.
    public func firstFault() async throws -> String? {
        if let orphan = try await orphan() { return orphan }
        var last = (category: "", id: "")
        while true {
            let rows = try await database.read(
                """
                SELECT category, id, version, shape, state FROM \(trusted: schema).aggregates
                WHERE (category, id) > (\(last.category), \(last.id)) ORDER BY category, id LIMIT \(Self.page)
                """)
            for row in rows {
                let stream = StreamName(try row.read("category"), try row.read("id"))
                guard let fault = try await fault(in: row, of: stream) else { continue }
                // Another process may have written between the two reads; only a fault that persists counts.
                guard let again = try await read(stream), try await self.fault(in: again, of: stream) != nil else { continue }
                return fault
            }
            guard rows.count == Self.page, let row = rows.last else { return nil }
            last = (try row.read("category"), try row.read("id"))
        }
    }

    /// An aggregate's stored row.
    private struct Stored {
        let stream: StreamName
        let version: Int
        let schemaVersion: Int
        let state: JSON

        init(_ row: Row) throws(RowDecodingError) {
            stream = StreamName(try row.read("category"), try row.read("id"))
            version = try row.read("version")
            schemaVersion = try row.read("shape")
            state = try row.read("state")
        }
    }

    private func read(_ stream: StreamName) async throws -> Row? {
        try await database.read(
            """
            SELECT category, id, version, shape, state FROM \(trusted: schema).aggregates
            WHERE category = \(stream.category) AND id = \(stream.id)
            """
        ).first
    }

    private func orphan() async throws -> String? {
        let rows = try await database.read(
            """
            SELECT e.category, e.id FROM \(trusted: schema).events e
            LEFT JOIN \(trusted: schema).aggregates a ON a.category = e.category AND a.id = e.id WHERE a.id IS NULL LIMIT 1
            """)
        return try rows.first.map { row in
            "\(schema): the stream \(StreamName(try row.read("category"), try row.read("id"))) has events and no state"
        }
    }

    private func fault(in row: Row, of stream: StreamName) async throws -> String? {
        do { return try await fault(in: try Stored(row)) } catch let error as RowDecodingError { return "\(schema): \(stream): \(error)" }
    }

    private func fault(in stored: Stored) async throws -> String? {
        let stream = stored.stream, name = "\(schema): \(stream)"
        let store = ModuleStore(schema: schema, database: database, epoch: 0, people: people, aggregates: aggregates)
        let history = try await store.port.history(stream, 1, Int.max), state = try await store.decrypted(stored.state, of: stream)
        for (place, event) in history.enumerated() where event.version != place + 1 { return "\(name): version \(place + 1) is missing" }
        guard history.count == stored.version else {
            return "\(name): the state is at version \(stored.version), the log at \(history.count)"
        }
        guard let aggregate = aggregates.first(where: { $0.category.name == stream.category }) else {
            return "\(name): nobody knows this kind of aggregate"
        }
        let folded: JSON
        do {
            folded = try aggregate.fold(history)
        } catch let error as UnknownEvent {
            return "\(name): this build does not know the event \(error.type)"
        } catch let error as EventDecodingError {
            let problems = error.problems.map { "\($0.field) \($0.reason)" }.joined(separator: "; ")
            return "\(name): an event \(error.event) cannot be read: \(problems)"
        }
        guard stored.schemaVersion != aggregate.category.schemaVersion || folded == state else {
            return "\(name): the state is not what its events make"
        }
        return nil
    }
}
