import Application
public import Database
public import Kernel

/// Messages that a subscription could not handle, and the later messages of their streams that wait behind them.
public struct ParkedMessages: Sendable {
    let schema: String
    let database: any Database

    public init(schema: String, database: any Database) { (self.schema, self.database) = (schema, database) }

    /// A stream that is parked for a subscription.
    public struct Stream: Sendable {
        public let subscription: String
        public let stream: StreamName
        /// The message that failed, and why.
        public let envelope: String
        public let name: String
        public let error: String
        public let since: Timestamp
        /// How many messages wait behind it.
        public let waiting: Int
        /// Whether a retry has been requested and is still pending.
        public let isToBeRetried: Bool
    }

    public func streams() async throws -> [Stream] {
        let rows = try await database.read(
            """
            SELECT subscription, category, id, envelope, name, error, parked_at, retry FROM \(trusted: schema).dead_letters
            ORDER BY subscription, category, id, epoch, transaction_id, position, at LIMIT 10000
            """)
        var heads: [(head: Row, waiting: Int)] = []
        for row in rows {
            if let last = heads.last?.head, try Self.stream(of: last) == Self.stream(of: row) {
                heads[heads.count - 1].waiting += 1
            } else {
                heads.append((row, 0))
            }
        }
        return try heads.map { row, waiting in
            Stream(
                subscription: try row.read("subscription"), stream: StreamName(try row.read("category"), try row.read("id")),
                envelope: try row.read("envelope"),
                name: try row.read("name"), error: try row.read("error"), since: try row.read("parked_at"),
                waiting: waiting,
                isToBeRetried: try row.read("retry"))
        }
    }

    private static func stream(of row: Row) throws(RowDecodingError) -> [String] {
        [try row.read("subscription"), try row.read("category"), try row.read("id")]
    }

    /// Requests a retry of all parked streams, or of those of one subscription, by the lease holder. Returns the number of messages.
    public func retry(_ subscription: String?) async throws -> Int {
        let all = subscription == nil
        let result = try await database.transact([
            "UPDATE \(trusted: schema).dead_letters SET retry = TRUE WHERE \(all) OR subscription = \(subscription ?? "")"
        ])
        return Int(result[0].affected)
    }

    /// Drops one message, whose effect is lost to the subscription, and has the rest of its stream retried. Returns whether it existed.
    public func drop(_ subscription: String, _ envelope: String) async throws -> Bool {
        let result = try await database.transact([
            """
            UPDATE \(trusted: schema).dead_letters SET retry = TRUE WHERE subscription = \(subscription)
                AND (category, id) IN (SELECT category, id FROM \(trusted: schema).dead_letters \
            WHERE subscription = \(subscription) AND envelope = \(envelope))
            """,
            "DELETE FROM \(trusted: schema).dead_letters WHERE subscription = \(subscription) AND envelope = \(envelope)",
        ])
        return result[1].affected > 0
    }
}

extension Subscription {
    private static let retryPortion = 100

    /// Retries the parked messages for which this was requested, in order. A stream goes on with later messages only when everything parked
    /// before them is handled.
    func retryParked(at cursor: Cursor, _ session: inout Session) async throws {
        let rows = try await store.database.read(
            """
            SELECT * FROM \(trusted: store.schema).dead_letters WHERE subscription = \(reaction.name) AND source = \(reader.source)
                AND (category, id) IN (SELECT category, id FROM \(trusted: store.schema).dead_letters \
            WHERE subscription = \(reaction.name) AND retry)
            ORDER BY epoch, transaction_id, position, at LIMIT \(Self.retryPortion)
            """)
        var stopped: Set<StreamName> = []
        for row in rows {
            let stream = StreamName(try row.read("category"), try row.read("id"))
            guard session.parked.contains(stream), !stopped.contains(stream) else { continue }
            do {
                let envelope = try Envelope(parked: row)
                let removal: SQL =
                    "DELETE FROM \(trusted: store.schema).dead_letters WHERE subscription = \(reaction.name) AND envelope = \(envelope.id)"
                let effects = try await reaction.react(envelope)
                let sealed = try await store.encrypted(commit(effects, for: envelope))
                try await store.write([sealed], after: [lease.advance(to: cursor, token: session.token), removal.required])
            } catch DatabaseError.unaffected(let statement) {
                throw DatabaseError.unaffected(statement: statement)
            } catch let error where Self.isPassing(error) {
                throw error
            } catch let error where store.isVersionConflict(error) {
                stopped.insert(stream)  // another writer was faster: retried in the next round
            } catch {
                stopped.insert(stream)
                _ = try await store.database.transact([
                    """
                    UPDATE \(trusted: store.schema).dead_letters SET retry = FALSE, error = \(String("\(error)".prefix(2_000)))
                    WHERE subscription = \(reaction.name) AND category = \(stream.category) AND id = \(stream.id)
                    """
                ])
            }
        }
        session.parked = try await parkedStreams()
    }
}

extension Envelope {
    /// Decodes a parked message.
    fileprivate init(parked row: Row) throws(RowDecodingError) {
        let body: JSON = try row.read("body")
        self.init(
            id: try row.read("envelope"), source: try row.read("source"), name: try row.read("name"),
            stream: StreamName(try row.read("category"), try row.read("id")),
            subject: body["subject"]?.text ?? "",
            version: Int(body["version"]?.integer ?? 0), at: Timestamp(milliseconds: body["at"]?.integer ?? 0),
            audience: (body["audience"]?.items ?? []).compactMap { $0.text.map { OrgID($0) } },
            trace: Trace(correlation: body["correlation"]?.text ?? "", causation: nil), data: body["data"]?.members ?? [:])
    }
}
