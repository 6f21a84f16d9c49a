import Crypto
import Kernel

/// What a signature covers of a request: method, address, some headers, body.
public struct SignedRequest: Sendable {
    public let method: String
    /// As it is sent, with its percent-encoding.
    public let path: String
    /// As it is sent, without the question mark.
    public let query: String
    /// Names in lower case, among them `host`.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    public init(method: String, path: String, query: String = "", headers: [(name: String, value: String)], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The canonical request.
    /// - Parameter names: the signed headers, in lower case and sorted.
    func canonical(signing names: [String]) -> String {
        let lines = names.map { name in
            "\(name):" + headers.filter { $0.name == name }.map { Self.trimmed($0.value) }.joined(separator: ",") + "\n"
        }
        return [
            method, canonicalPath, canonicalQuery, lines.joined(), names.joined(separator: ";"),
            Hexadecimal.encode(SHA256.hash(data: body)),
        ]
        .joined(separator: "\n")
    }

    /// The path without dot segments and empty segments (RFC 3986 §6), and encoded once more: every service but S3 signs it so.
    private var canonicalPath: String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/") where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let endsInSlash = !segments.isEmpty && (path.hasSuffix("/") || path.hasSuffix("/.") || path.hasSuffix("/.."))
        return "/" + segments.map { PercentEncoding.encode($0.utf8) }.joined(separator: "/") + (endsInSlash ? "/" : "")
    }

    private var canonicalQuery: String {
        let pairs = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                PercentEncoding.encode(Self.decoded(parts[0].utf8)),
                PercentEncoding.encode(Self.decoded((parts.count > 1 ? parts[1] : "").utf8))
            )
        }
        return pairs.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// Without spaces at the ends, and with one where there are several.
    private static func trimmed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }

    /// Decodes percent-encoding; what is not well encoded stands for itself.
    private static func decoded(_ raw: Substring.UTF8View) -> [UInt8] {
        var bytes: [UInt8] = [], rest = raw[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).map { Character(Unicode.Scalar($0)).hexDigitValue }
            if byte == UInt8(ascii: "%"), digits.count == 2, let high = digits[0], let low = digits[1] {
                bytes.append(UInt8(high << 4 | low))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
