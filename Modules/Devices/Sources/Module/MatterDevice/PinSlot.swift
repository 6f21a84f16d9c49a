import Kernel

/// Where a PIN is on a lock: the index of the credential, and of the user that it belongs to.
struct PinSlot: Sendable, Equatable, Codable {
    let credential: Int
    let user: Int
}

/// What a lock says it can hold (Matter Application Cluster Specification, Door Lock, Attributes). Nil for what it has not reported.
struct PinLimits: Sendable, Equatable {
    let endpoint: Int
    let users: Int?
    let shortest: Int?
    let longest: Int?

    init(_ reported: JSON) {
        let keys = reported.members.map { Array($0.keys) } ?? []
        let endpoints = keys.compactMap { key -> Int? in
            let parts = key.split(separator: "/")
            guard parts.count == 3, parts[1] == "257", let endpoint = Int(parts[0]), Self.endpoints.contains(endpoint) else { return nil }
            return endpoint
        }
        let endpoint = endpoints.min() ?? 1
        func attribute(_ number: Int) -> Int? { reported["\(endpoint)/257/\(number)"]?.integer.map { Int($0) } }
        self.endpoint = endpoint
        users = attribute(18)
        longest = attribute(23)
        shortest = attribute(24)
    }

    /// Returns the first index that is free; nil when the lock is full.
    func free(besides taken: [Int]) -> Int? {
        // A lock may say anything.
        let taken = Set(taken), most = min(max(users ?? Self.mostUsers, 0), Self.endpoints.upperBound)
        return (0..<most).first { !taken.contains($0 + 1) }.map { $0 + 1 }
    }

    /// Endpoints, and indexes on a lock, have 16 bits (Matter Core Specification, Data Model, endpoint-no).
    private static let endpoints = 0...0xFFFE

    /// As many PINs as this service keeps of a lock that has not said how many it can hold.
    private static let mostUsers = 250
}

/// A PIN of four to eight digits. Never stored, and in no event.
struct LockPin: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var schema: Schema { .string.matching(#"^\d{4,8}$"#) }
    var description: String { "•••" }

    static func problem(with text: String) -> String? {
        let isPin = (4...8).contains(text.utf8.count) && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isPin ? nil : "must have 4 to 8 digits"
    }
}
