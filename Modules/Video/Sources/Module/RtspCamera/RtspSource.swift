import Application
import Kernel

/// The address of an RTSP stream (RFC 7826).
struct RtspURL: StringValue {
    let text: String
    init(_ text: String) { self.text = text.trimmed }
    static var maxLength: Int { 2_048 }
    static var schema: Schema { Schema.string.formatted("uri").limited(min: 1, max: Int64(maxLength)) }

    static func problem(with text: String) -> String? {
        let url = RtspURL(text)
        guard let scheme = url.scheme, url.text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return "must be an rtsp(s) address" }
        let authority = url.text.dropFirst(scheme.utf8.count).prefix { !"/?#".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return host.isEmpty || host.hasPrefix(":") ? "must name a host" : nil
    }

    private var scheme: String? { ["rtsp://", "rtsps://"].first { text.lowercased().hasPrefix($0) } }

    /// The port that the address names.
    var port: Int? {
        let authority = split.address.drop { $0 != "/" }.dropFirst(2).prefix { !"/?#".contains($0) }
        guard let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") else { return nil }
        return Int(authority[authority.index(after: colon)...]).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    /// The same address without user and password, and what they were.
    var split: (address: String, credentials: String?) {
        guard let scheme else { return (text, nil) }
        let rest = text.dropFirst(scheme.utf8.count), authority = rest.prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return (text, nil) }
        return (String(text.prefix(scheme.utf8.count)) + rest[rest.index(after: at)...], String(authority[..<at]))
    }
}

/// Where a stream comes from, with what opens it. Kept encrypted.
struct RtspSource: Sendable, Codable, Equatable {
    let address: String
    let username: String?
    let password: String?

    /// - Parameters:
    ///   - url: may carry credentials itself; others that are given win.
    init(_ url: RtspURL, username: String?, password: String?) {
        let (address, own) = url.split, parts = own?.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false) ?? []
        self.address = address
        self.username = username ?? parts.first.map(String.init)
        self.password = password ?? (parts.count > 1 ? String(parts[1]) : nil)
    }

    private init(address: String, username: String?, password: String?) {
        self.address = address
        self.username = username
        self.password = password
    }

    /// Whether another source is on the same machine and port, so that what opens this one may be sent there.
    func isBeside(_ other: RtspSource) -> Bool { Self.authority(of: address) == Self.authority(of: other.address) }

    private static func authority(of address: String) -> ExactText {
        ExactText(String(address.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first ?? "").lowercased())
    }

    /// The same source with other credentials; nil keeps one.
    func with(username: String?, password: String?) -> RtspSource {
        RtspSource(address: address, username: username ?? self.username, password: password ?? self.password)
    }

    func identity(of camera: RtspCamera.ID, _ vault: Vault) -> SourceIdentity {
        let hash = Hexadecimal.encode(vault.sha256(Array(address.utf8)))
        return SourceIdentity(hash: hash, stream: String(Hexadecimal.encode(vault.sha256(Array((camera.text + hash).utf8))).prefix(16)))
    }
}

/// The sources of cameras, encrypted.
enum RtspSources {
    static let migration = Migration(
        "001-rtsp-sources", ["CREATE TABLE video.rtsp_sources (camera_id TEXT PRIMARY KEY, sealed TEXT NOT NULL)"])
    private static let purpose = "rtsp-source"

    static func put(_ source: RtspSource, of camera: RtspCamera.ID, _ vault: Vault) throws -> SQL {
        let sealed = try vault.seal(try JSON(encoding: source).bytes, purpose, camera.text)
        return """
            INSERT INTO video.rtsp_sources (camera_id, sealed) VALUES (\(camera), \(sealed))
            ON CONFLICT (camera_id) DO UPDATE SET sealed = EXCLUDED.sealed
            """
    }

    static func remove(_ camera: RtspCamera.ID) -> SQL { "DELETE FROM video.rtsp_sources WHERE camera_id = \(camera)" }

    /// Returns the source of a camera; nil for one that is unknown or deleted.
    static func find(_ camera: RtspCamera.ID, _ services: Services) async throws -> RtspSource? {
        let query: SQL = "SELECT sealed FROM video.rtsp_sources WHERE camera_id = \(camera)"
        guard let sealed: String = try await services.store.query(query).first?.read("sealed") else { return nil }
        return try JSON.parse(try services.vault.open(sealed, purpose, camera.text)).decoded()
    }
}
