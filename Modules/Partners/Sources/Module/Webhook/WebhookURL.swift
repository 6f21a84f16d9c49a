import Kernel

/// An absolute http or https address. Whether plain http is allowed is decided where it is used.
struct WebhookURL: StringValue {
    let text: String
    init(_ text: String) { self.text = text }

    static var schema: Schema { Schema.string.formatted("uri").limited(max: 2_048) }
    var isSecure: Bool { text.hasPrefix("https://") }

    static func problem(with text: String) -> String? {
        let scheme = text.hasPrefix("https://") ? "https://" : "http://"
        guard text.utf8.count <= 2_048, text.hasPrefix(scheme), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return "must be an http(s) address"
        }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if authority.contains("@") { return "must not carry credentials" }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return host.isEmpty || host == "[" ? "must name a host" : nil
    }
}

/// How a delivery authenticates at the partner's endpoint, besides the signature.
struct WebhookAuth: WireValue, Codable {
    enum Kind: String, Codable, CaseIterable, WireValue { case none, apiKeyHeader, bearerToken }
    let type: Kind
    var headerName: String?
    var secret: String?

    static var schema: Schema { .object(["type": Kind.schema, "headerName": .string.optional, "secret": .string.optional]) }
    var json: JSON { ["type": type.json, "headerName": headerName?.json] }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> WebhookAuth? {
        guard let object = JSON.Object.read(raw, at: path, &reading) else { return nil }
        let type = Kind.read(object["type"], at: "\(path).type", &reading)
        let header = String?.read(object["headerName"], at: "\(path).headerName", &reading)
        let secret = String?.read(object["secret"], at: "\(path).secret", &reading)
        guard let type, let header, let secret else { return nil }
        if type != .none, secret?.isEmpty ?? true { return reading.note("\(path).secret", "is missing") }
        if type == .apiKeyHeader, !(header.map(isHeaderName) ?? false) {
            return reading.note("\(path).headerName", "must be the name of a header")
        }
        if let secret, !secret.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            return reading.note("\(path).secret", "must be printable ASCII")
        }
        return WebhookAuth(type: type, headerName: header, secret: secret)
    }

    /// Returns whether the name has only letters, digits, `-` and `_` and does not replace a header of the delivery itself.
    private static func isHeaderName(_ name: String) -> Bool {
        let lower = name.lowercased()
        return (1...64).contains(name.utf8.count)
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
            && !lower.hasPrefix("webhook-")
            && !["host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent"].contains(lower)
    }

    var header: (name: String, value: String)? {
        switch type {
        case .none: nil
        case .apiKeyHeader: (headerName ?? "X-API-Key", secret ?? "")
        case .bearerToken: ("Authorization", "Bearer \(secret ?? "")")
        }
    }
}
