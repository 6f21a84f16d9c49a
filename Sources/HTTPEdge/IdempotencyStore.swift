import Application
import Crypto
public import Kernel
import Synchronization

/// The records of requests with an `Idempotency-Key`, in a module's schema.
public enum IdempotencyRecords {
    /// After this time a key may be used again.
    static let retention = Duration.seconds(86_400)

    /// How many records are deleted at once.
    public static let batchSize = 20_000

    /// Returns the statement that deletes one batch of expired records.
    public static func expire(in schema: String, at now: Timestamp) -> SQL {
        """
        DELETE FROM \(trusted: schema).idempotency WHERE key IN (SELECT key FROM \(trusted: schema).idempotency \
        WHERE at < \(now - retention) LIMIT \(batchSize))
        """
    }
}

/// Makes repeated POSTs harmless: the record of a request commits with its effects, and a repeat is answered from it.
final class IdempotencyStore: Sendable {
    private let running = Mutex<Set<[UInt8]>>([])
    /// The name of the listener; the same after a restart.
    private let process: String
    private let clock: @Sendable () -> Timestamp
    /// How long an unfinished record of another process blocks a repeat.
    private static let timeout = Duration.seconds(60)

    init(process: String, clock: @escaping @Sendable () -> Timestamp) { (self.process, self.clock) = (process, clock) }

    /// Runs `body` once per key; without a key it always runs. An anonymous caller's key is scoped to the link or lock that the path names.
    func once(
        _ key: String?, _ operation: Operation, _ caller: Caller, path: [String: String], content bytes: @autoclosure () -> [UInt8],
        _ services: Services,
        _ body: (Attempt) async throws -> Response
    ) async throws -> Response {
        guard let key, operation.method == .post, caller != .anonymous || !path.isEmpty else {
            return try await body(Attempt(now: clock()))
        }
        guard (1...255).contains(key.utf8.count) else {
            throw RequestError.problems([Problem("Idempotency-Key", "must have 1 to 255 characters")])
        }
        let place =
            caller == .anonymous
            ? path.sorted { $0.key < $1.key }.map { "\($0.key)=\(ID<Operation>($0.value))" }.joined(separator: "\n") : ""
        let id = Array(SHA256.hash(data: Array("\(caller)\n\(operation.key)\n\(key)\(place.isEmpty ? "" : "\n" + place)".utf8)))
        let digest = Array(SHA256.hash(data: bytes()))
        guard running.withLock({ $0.insert(id).inserted }) else { throw Self.inProgress }
        defer { running.withLock { _ = $0.remove(id) } }
        if let recorded = try await claim(id, digest, services) { return recorded }
        let idempotency = Idempotency(key: id) { self.record($0, under: id, services) }
        let attempt = Attempt(
            now: clock(), idempotency: idempotency, identifier: { UUIDText(digest: SHA256.hash(data: id + Array($0.utf8))) },
            // A client that knows the key of a request must not be able to derive its secrets.
            secret: { UUIDText(unguessable: services.vault.blindIndexes(id + Array($0.utf8), "idempotent secrets")[0]) })
        return try await finish(id, services) { try await body(attempt) }
    }

    private static var inProgress: RequestError {
        .idempotencyConflict(message: "A request with this Idempotency-Key is being carried out.", retryAfter: .seconds(1))
    }

    /// Claims the key: returns the recorded response, or nil when the key is now ours.
    private func claim(_ id: [UInt8], _ digest: [UInt8], _ services: Services) async throws -> Response? {
        let schema = services.module, now = clock()
        let rows = try await services.store.run([
            "DELETE FROM \(trusted: schema).idempotency WHERE key = \(id) AND at < \(now - IdempotencyRecords.retention)",
            """
            INSERT INTO \(trusted: schema).idempotency (key, body, status, answer, at) VALUES (\(id), \(digest), NULL, \(process), \(now))
            ON CONFLICT (key) DO NOTHING RETURNING at
            """,
            "SELECT body, status, answer, at FROM \(trusted: schema).idempotency WHERE key = \(id)",
        ])
        if !rows[1].isEmpty { return nil }
        guard let row = rows[2].first else { return nil }
        guard try row.find("body", as: [UInt8].self) == digest else {
            throw RequestError.idempotencyConflict(message: "The Idempotency-Key was used for another body.", retryAfter: nil)
        }
        if let status = try row.find("status", as: Int.self) { return try replay(status, try row.read("answer"), id, services) }
        // A time in the future was written before the clock was set back.
        let at: Timestamp = try row.read("at"), holder: String = try row.read("answer"), age = now.since(at)
        let isAbandoned = holder == process || age > Self.timeout || age < .zero - Self.timeout
        guard isAbandoned else { throw Self.inProgress }
        let taken = try await services.store.run([
            """
            UPDATE \(trusted: schema).idempotency SET answer = \(process), at = \(now)
            WHERE key = \(id) AND status IS NULL AND answer = \(holder) AND at = \(at) RETURNING at
            """
        ])
        guard !taken[0].isEmpty else { throw Self.inProgress }  // another process was faster
        return nil
    }

    /// Runs `body` and ensures that its response is recorded, except for failures that may be transient.
    private func finish(_ id: [UInt8], _ services: Services, _ body: () async throws -> Response) async throws -> Response {
        do {
            let response = try await body()
            _ = try await services.store.run([record(response, under: id, services)])
            return response
        } catch let stale as StaleCredentials {
            throw stale
        } catch RequestError.outcomeUnknown {
            throw RequestError.outcomeUnknown  // the claim stays: the commit may still store the record
        } catch {
            let response = ErrorResponse.response(for: error)
            let last: SQL =
                response.status < 500 && response.status != 429
                ? record(response, under: id, services)
                : "DELETE FROM \(trusted: services.module).idempotency WHERE key = \(id) AND status IS NULL"
            _ = try? await services.store.run([last])
            throw error
        }
    }

    private func record(_ response: Response, under id: [UInt8], _ services: Services) -> SQL {
        let headers = JSON.Object(response.headers.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })
        let body: JSON? = if case .json(let json) = response.body { json } else { nil }
        let plain = (["headers": .object(headers), "body": body] as JSON).bytes
        let sealed = (try? services.vault.seal(plain, "idempotency", Self.context(id))) ?? ""
        return """
            UPDATE \(trusted: services.module).idempotency SET status = \(response.status), answer = \(sealed)
            WHERE key = \(id) AND status IS NULL
            """
    }

    private func replay(_ status: Int, _ sealed: String, _ id: [UInt8], _ services: Services) throws -> Response {
        let json = try JSON.parse(try services.vault.open(sealed, "idempotency", Self.context(id)), depth: 64)
        var headers = ["Idempotent-Replayed": "true"]
        for member in json["headers"]?.members ?? [:] { headers[member.key] = member.value.text }
        guard let body = json["body"] else { return Response(status, headers: headers, body: .empty) }
        return .json(status, body, headers: headers)
    }

    private static func context(_ id: [UInt8]) -> String { UUIDText(digest: id).text }
}
