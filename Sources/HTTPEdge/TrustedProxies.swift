import Glibc

/// A network in CIDR notation (RFC 4632): `10.0.0.0/8`, `::1/128`; a single address is a network of its own.
public struct Network: Sendable, Equatable {
    private let bytes: [UInt8]
    private let bits: Int

    /// Nil for a text that is not a network.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let bytes = Self.address(String(parts[0])), parts.count <= 2 else { return nil }
        let bits = parts.count == 2 ? Int(parts[1]) : bytes.count * 8
        guard let bits, (0...bytes.count * 8).contains(bits) else { return nil }
        (self.bytes, self.bits) = (bytes, bits)
    }

    func contains(_ address: [UInt8]) -> Bool {
        guard address.count == bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in (address[bit / 8] ^ bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0 }
    }

    /// Returns whether an address is this machine's own (RFC 6890 §2.2.2, §2.2.3).
    static func isLoopback(_ text: String) -> Bool {
        guard let bytes = address(text) else { return false }
        return bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// Returns what a client is counted by: its IPv4 address, or its IPv6 /64 network, because a client has all addresses of that network.
    static func counted(_ text: String) -> String {
        guard let bytes = address(text), bytes.count == 16 else { return text }
        let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
        return groups.joined(separator: ":") + "::/64"
    }

    /// Returns the bytes of an IPv4 or IPv6 address; an IPv4-mapped IPv6 address (`::ffff:127.0.0.1`) counts as IPv4.
    static func address(_ text: String) -> [UInt8]? {
        var v4 = in_addr(), v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: v6) { Array($0) }
        return bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) ? Array(bytes[12...]) : bytes
    }
}

/// The proxies that are trusted to state a client's address.
struct TrustedProxies: Sendable {
    let networks: [Network]

    func trusts(_ peer: String) -> Bool {
        guard !networks.isEmpty, let address = Network.address(peer) else { return false }
        return networks.contains { $0.contains(address) }
    }

    /// Returns the client's address: the peer's, or behind trusted proxies the last entry of `X-Forwarded-For` that is not a trusted proxy.
    func client(peer: String, forwardedFor: String?) -> String {
        guard trusts(peer), let forwardedFor else { return peer }
        let hops = forwardedFor.split(separator: ",").map { hop in String(hop.filter { $0 != " " }) }
        return hops.last { Network.address($0) != nil && !trusts($0) } ?? hops.first { Network.address($0) != nil } ?? peer
    }
}
