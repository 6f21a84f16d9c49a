import Kernel

/// A key in the wallet of a phone. It opens nothing until it is put on a lock.
struct WalletKey: Sendable, Equatable, Codable {
    enum Kind: String, Codable, Sendable, CaseIterable, WireValue { case apple = "APPLE", google = "GOOGLE" }
    typealias ID = UUIDText

    let id: ID
    let kind: Kind
    /// Any number, kept as it was given.
    let index: Double
    var device: String?
    var pass: Pass?
    let addedAt: Moment

    static let schema = Schema.object([
        "keyId": .string, "keyIndex": .number, "walletType": Kind.schema, "deviceId": .string, "passUrl": .string.optional, "serialNumber": .string.optional,
        "addedAt": .time,
    ])

    var json: JSON {
        [
            "keyId": id.json, "keyIndex": JSON(shortest: index), "walletType": kind.json, "deviceId": .string(device ?? ""), "passUrl": pass.map { .string($0.url) },
            "serialNumber": pass.map { .string($0.id) }, "addedAt": addedAt.json,
        ]
    }
}

/// What the wallet's maker has issued for a key.
struct Pass: Sendable, Equatable, Codable {
    let id: String
    let url: String
}

extension JSON {
    /// A number without a fraction where it has none.
    init(shortest number: Double) { self = Int64(exactly: number).map(JSON.int) ?? .double(number) }
}
