/// What the edge needs to know.
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
    /// Whether a token must say that its address is verified; otherwise its silence counts as the issuer's word.
    public var requiresVerifiedEmail = false
    /// Requests per minute and principal; 0 is off.
    public var rateLimit = 6_000
    /// Largest body, in bytes.
    public var bodyLimit = 1 << 20
    /// Not counted for trusted proxies.
    public var connectionsPerAddress = 512
    /// Proxies whose `X-Forwarded-For` is believed.
    public var trustedProxies: [Network] = []
    /// Origins whose pages may call the API from a browser; none by default.
    public var origins: [String] = []
    /// What reads the metrics from elsewhere than this machine; nil for the staff key only.
    public var metricsToken: String?
    public init() {}
}
