import Kernel

/// A key in the wallet of a phone. It opens nothing until it is added to a lock.
struct WalletKey: Sendable, Equatable, Codable {
    enum Kind: String, Codable, Sendable, CaseIterable, WireValue { case apple = "APPLE", google = "GOOGLE" }
    typealias ID = UUIDText

    let id: ID
    let kind: Kind
    /// Any number, stored as given.
    let index: Double
    var device: String?
    var pass: Pass?
    let addedAt: Timestamp

}

extension WalletKey: WireValue {
    static let schema = Schema.object([
        "keyId": .string, "keyIndex": .number, "walletType": Kind.schema, "deviceId": .string, "passUrl": .string.optional,
        "serialNumber": .string.optional,
        "addedAt": .time,
    ])

    var json: JSON {
        [
            "keyId": id.json, "keyIndex": index.json, "walletType": kind.json, "deviceId": .string(device ?? ""),
            "passUrl": pass.map { .string($0.url) },
            "serialNumber": pass.map { .string($0.id) }, "addedAt": addedAt.json,
        ]
    }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> WalletKey? {
        guard let members = JSON.Object.read(raw, at: path, &reading) else { return nil }
        let id = WalletKey.ID.read(members["keyId"], at: "\(path).keyId", &reading),
            kind = Kind.read(members["walletType"], at: "\(path).walletType", &reading)
        let index = Double.read(members["keyIndex"], at: "\(path).keyIndex", &reading)
        let device = String?.read(members["deviceId"], at: "\(path).deviceId", &reading)
        let addedAt = Timestamp.read(members["addedAt"], at: "\(path).addedAt", &reading)
        guard let id, let kind, let index, let device, let addedAt else { return nil }
        return WalletKey(id: id, kind: kind, index: index, device: device.flatMap { $0.isEmpty ? nil : $0 }, addedAt: addedAt)
    }
}

/// The pass that the wallet provider has issued for a key.
struct Pass: Sendable, Equatable, Codable {
    let id: String
    let url: String
}
