/// The settings of the edge.
public struct EdgeSettings: Sendable {
    public var isDevelopment = true
    public var host = "127.0.0.1"
    public var port = 8787
    public var publicURL = "http://127.0.0.1:8787"
    /// The first half of the staff pair.
    public var adminKey = ""
    /// Domains of staff addresses, in lower case.
    public var staffDomains = ["smartphonekey.com"]
    public var issuer: String?
    public var audience: String?
    public var jwksURL: String?
    /// The HS256 secret; nil outside development.
    public var developmentSecret: String?
    public var userIDClaim = "https://spkey.co/user_id"
    public var emailClaim = "email"
    /// Whether a token must say that its address is verified; otherwise a token that says nothing counts as verified by the issuer.
    public var requiresVerifiedEmail = false
    /// Requests per minute and principal; 0 turns the limit off.
    public var rateLimit = 6_000
    /// The maximum size of a body, in bytes.
    public var bodyLimit = 1 << 20
    /// The maximum number of connections; more are accepted when others have been closed.
    public var connections = 4_096
    /// The maximum number of connections per address; trusted proxies are not counted.
    public var connectionsPerAddress = 512
    /// Proxies whose `X-Forwarded-For` is trusted.
    public var trustedProxies: [Network] = []
    /// Origins whose pages may call the API from a browser; none by default.
    public var origins: [String] = []
    /// The bearer token for reading the metrics from another machine; nil for the staff key only.
    public var metricsToken: String?
    public init() {}
}
