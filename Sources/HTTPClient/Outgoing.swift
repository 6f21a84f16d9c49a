/// An outgoing HTTP request.
public struct OutgoingRequest: Sendable {
    public var method: String
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// The limit for the whole exchange: resolving, connecting, sending and receiving.
    public var deadline: Duration
    /// Whether the response's body is needed. If not, the response is its status and headers, whatever happens to the body.
    public var wantsBody: Bool

    public init(
        _ method: String = "GET", _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        deadline: Duration = .seconds(5),
        wantsBody: Bool = true
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadline = deadline
        self.wantsBody = wantsBody
    }
}

public struct OutgoingResponse: Sendable {
    public let status: Int
    /// Names in lower case; a repeated header keeps its last value.
    public let headers: [String: String]
    /// Every `Set-Cookie` header.
    public let cookies: [String]
    public let body: [UInt8]
}

/// Why there is no response.
public enum OutgoingFailure: Error, Sendable, Equatable {
    case timedOut
    /// The address that the name resolves to is not allowed.
    case forbiddenAddress
    /// The response is larger than the client accepts.
    case tooLarge
    case failed(String)
}
