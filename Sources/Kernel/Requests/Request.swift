/// Identifies an action: an open or a key write that can be followed until the device has answered.
public enum Action {}
public typealias ActionID = ID<Action>

public enum Method: String, Sendable, CaseIterable {
    case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
}

/// A request after the edge has parsed and authenticated it.
public struct Request: Sendable {
    public var path: [String: String]
    public var query: [String: String]
    public var headers: Headers
    public var body: JSON.Object
    public var caller: Caller
    public var trace: Trace
    /// The identity of this attempt: random, or derived from the caller and the `Idempotency-Key`.
    public var attempt: Attempt
    /// The credentials epoch that the caller was established under; nil when the credentials cannot have come from the edge's cache.
    public var credentialEpoch: Int64?
    /// The client's address, for counting its requests: its IPv4 address, or the network of its IPv6 address (/64, which one customer has);
    /// empty when the request did not arrive over a connection.
    public var address = ""

    public init(
        path: [String: String] = [:], query: [String: String] = [:], headers: Headers = [:], body: JSON.Object = [:],
        caller: Caller = .anonymous, trace: Trace = Trace(correlation: "", causation: nil), attempt: Attempt
    ) {
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.caller = caller
        self.trace = trace
        self.attempt = attempt
    }

    /// The same request for a command inside an operation with its own response: the edge records that response, not the command's.
    public var unrecorded: Request {
        var copy = self
        copy.attempt = attempt.unrecorded
        return copy
    }

    public func header(_ name: String) -> String? { headers[name.lowercased()] }
    public var action: ActionID { ActionID(identifier(for: "action").text) }
    public func identifier(for purpose: String) -> UUIDText { attempt.identifier(purpose) }
}

/// Correlates the steps of one request in logs and envelopes.
public struct Trace: Sendable, Equatable {
    /// The request id: the caller's `X-Request-Id` or a generated one.
    public let correlation: String
    /// The message that caused this step; nil when a request did.
    public let causation: String?
    public init(correlation: String, causation: String?) { (self.correlation, self.causation) = (correlation, causation) }
}

/// One attempt to carry out a request. It yields one identifier per purpose, and the same ones again under the same `Idempotency-Key`.
public struct Attempt: Sendable {
    public let now: Timestamp
    /// Recorded with the effects, so that a repeat is answered from the record and not carried out; nil without an `Idempotency-Key`.
    public let idempotency: Idempotency?
    /// How often the command has already been decided and then lost to a faster writer.
    public package(set) var conflicts = 0
    package let identifier: @Sendable (String) -> UUIDText
    /// Yields unguessable identifiers, for those that grant access by being known.
    package let secret: @Sendable (String) -> UUIDText

    /// - Parameters:
    ///   - identifier: returns the same identifier each time for one purpose.
    ///   - secret: likewise, but unguessable.
    public init(
        now: Timestamp, idempotency: Idempotency?, identifier: @escaping @Sendable (String) -> UUIDText,
        secret: @escaping @Sendable (String) -> UUIDText
    ) {
        self.now = now
        self.idempotency = idempotency
        self.identifier = identifier
        self.secret = secret
    }

    /// The same attempt for a step whose response is not the request's.
    public var unrecorded: Attempt { Attempt(now: now, idempotency: nil, identifier: identifier, secret: secret) }
}

/// The record that makes a repeated POST harmless: it commits together with the effects.
public struct Idempotency: Sendable {
    /// Digest of caller, operation and key.
    public let key: [UInt8]
    /// Returns the statement that records a response under the key.
    public let record: @Sendable (Response) -> SQL
    public init(key: [UInt8], record: @escaping @Sendable (Response) -> SQL) { (self.key, self.record) = (key, record) }
}
