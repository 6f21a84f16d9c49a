import Glibc

/// An IP address, and whether it is routed on the public internet (IANA special-purpose address registries).
public struct Address: Sendable, Equatable {
    /// Four bytes or sixteen.
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// The address in a socket address; empty for other families.
    init(_ address: UnsafePointer<sockaddr>) {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { withUnsafeBytes(of: $0.pointee.sin_addr) { Array($0) } }
        case AF_INET6:
            bytes = UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                withUnsafeBytes(of: $0.pointee.sin6_addr) { Array($0) }
            }
        default: bytes = []
        }
    }

    public var isPublic: Bool {
        switch bytes.count {
        case 4: Self.isPublic(v4: bytes)
        case 16: isPublicV6
        default: false
        }
    }

    private static func isPublic(v4 b: [UInt8]) -> Bool {
        switch (b[0], b[1]) {
        // this network, private, loopback, link-local, private
        case (0, _), (10, _), (127, _), (169, 254), (192, 168): false
        case (100, 64...127), (172, 16...31), (198, 18...19): false  // shared (CGN), private, benchmarking
        case (192, 0) where b[2] == 0 || b[2] == 2: false  // protocol assignments, documentation
        case (198, 51) where b[2] == 100: false  // documentation
        case (203, 0) where b[2] == 113: false  // documentation
        case (224..., _): false  // multicast, reserved, broadcast
        default: true
        }
    }

    private var isPublicV6: Bool {
        // ::ffff:0:0/96
        if bytes[0..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF { return Self.isPublic(v4: Array(bytes[12...])) }
        // 64:ff9b::/96
        if bytes[0..<12] == [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] { return Self.isPublic(v4: Array(bytes[12...])) }
        guard bytes[0] & 0xE0 == 0x20 else { return false }  // only 2000::/3 is global unicast
        // 2001::/23 protocol assignments, Teredo
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] < 0x02 { return false }
        if bytes[0] == 0x20, bytes[1] == 0x01, bytes[2] == 0x0D, bytes[3] == 0xB8 { return false }  // documentation
        if bytes[0] == 0x20, bytes[1] == 0x02 { return Self.isPublic(v4: Array(bytes[2..<6])) }  // 6to4
        return true
    }
}
