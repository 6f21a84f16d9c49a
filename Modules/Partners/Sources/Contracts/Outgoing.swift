public import Kernel

/// The port to partners' endpoints. The live implementation checks every address when it connects.
public struct WebhookSending: Port {
    public static let title = "sender of webhooks"

    public struct Request: Sendable, Equatable {
        public let url: String
        public let headers: [(name: String, value: String)]
        public let body: [UInt8]
        public init(url: String, headers: [(name: String, value: String)], body: [UInt8]) {
            self.url = url
            self.headers = headers
            self.body = body
        }
        public static func == (a: Request, b: Request) -> Bool {
            a.url == b.url && a.body == b.body && a.headers.elementsEqual(b.headers) { $0.name == $1.name && $0.value == $1.value }
        }
    }

    /// The result of an attempt.
    public enum Outcome: Sendable, Equatable {
        /// The response status, and the delay that `Retry-After` asked for.
        case answered(status: Int, retryAfter: Duration?)
        /// No response: refused, reset, too slow.
        case failed(message: String)
        /// The address must not be called.
        case forbidden(message: String)
    }

    /// Sends once, within five seconds, without following redirects.
    public let send: @Sendable (Request) async -> Outcome
    public init(send: @escaping @Sendable (Request) async -> Outcome) { self.send = send }
}
