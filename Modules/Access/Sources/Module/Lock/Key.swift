import Kernel

/// Something that opens a lock at the door: a card, a phone, a wallet pass.
struct Key: Sendable, Equatable, Codable {
    typealias ID = Kernel.ID<Key>
    let id: ID
    /// The slot on the device.
    var index: Int?
    /// The holder, who may therefore manage the lock.
    var user: UserID?
}

/// A key in the format of the API: `{uuid, indexNumber?, userId?}`.
extension Key: WireValue {
    static var schema: Schema { .object(["uuid": .string, "indexNumber": .integer.optional, "userId": .string.optional]) }

    var json: JSON {
        ["uuid": id.json, "indexNumber": index.map { .int(Int64($0)) }, "userId": user?.json]
    }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Key? {
        guard let object = JSON.Object.read(raw, at: path, &reading) else { return nil }
        let id = Key.ID.read(object["uuid"], at: "\(path).uuid", &reading)
        let index = Int?.read(object["indexNumber"], at: "\(path).indexNumber", &reading)
        let user = UserID?.read(object["userId"], at: "\(path).userId", &reading)
        guard let id, let index, let user else { return nil }
        return Key(id: id, index: index, user: user)
    }
}
