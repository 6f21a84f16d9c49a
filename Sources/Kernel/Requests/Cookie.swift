/// A cookie that a response sets (RFC 6265bis). Requests from other sites carry it on top-level navigation only.
public struct Cookie: Sendable, Equatable {
    /// The name of the cookie that holds a user's token, which a page has taken from its address.
    public static let userToken = "spk_guest"

    public let name: String
    public let value: String
    /// The path below which the browser sends it.
    public let path: String
    /// Whether the browser sends it over https only.
    public let isSecure: Bool
    /// Whether scripts can read it.
    public let isReadable: Bool
    /// Nil for a cookie that ends with the browser session.
    public let lifetime: Duration?

    public init(
        _ name: String, _ value: String, path: String, isSecure: Bool, isReadable: Bool = false, lifetime: Duration? = nil
    ) {
        self.name = name
        self.value = value
        self.path = path
        self.isSecure = isSecure
        self.isReadable = isReadable
        self.lifetime = lifetime
    }

    /// An empty cookie in the place of one that is to go: it ends after a second, because not every client lets one that is already over
    /// replace another.
    public static func removing(_ name: String, path: String, isSecure: Bool) -> Cookie {
        Cookie(name, "", path: path, isSecure: isSecure, lifetime: .seconds(1))
    }

    /// Returns whether a text can be a cookie value unchanged: printable ASCII without the characters that delimit or quote a value.
    public static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ";") && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "\"")
                && byte != UInt8(ascii: "\\")
        }
    }

    /// The value of the `Set-Cookie` header.
    public var header: String {
        "\(name)=\(value); Path=\(path)" + (isReadable ? "" : "; HttpOnly") + "; SameSite=Lax" + (isSecure ? "; Secure" : "")
            + (lifetime.map { "; Max-Age=\($0.components.seconds)" } ?? "")
    }

    /// Returns the value of a cookie in a `Cookie` header; nil when there is none.
    public static func value(of name: String, in header: String?) -> String? {
        (header ?? "").split(separator: ";").lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix(name + "=") }
            .map { String($0.dropFirst(name.count + 1)) }
    }
}
