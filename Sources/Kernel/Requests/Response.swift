/// A response before the edge puts it on the wire.
public struct Response: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        case json(JSON)
        /// JSON that is already serialised.
        case rendered([UInt8])
        case text(String, type: String)
        case stream(ByteStream, type: String)
        case empty
    }
    public var status: Int
    public var headers: [String: String]
    public var cookies: [Cookie] = []
    public var body: Body

    public init(_ status: Int, headers: [String: String] = [:], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }
    public static func json(_ status: Int = 200, _ json: JSON, headers: [String: String] = [:]) -> Response {
        Response(status, headers: headers, body: .json(json))
    }
}
