import Kernel

/// Who may use a temporary key, in the format of the API.
enum AccessMode: String, Codable, Sendable, CaseIterable, WireValue { case everybody = "public", whitelist = "user-whitelist" }

/// A positive whole number.
struct Count: WireValue {
    let number: Int
    static var schema: Schema { Schema.integer.with("minimum", 1) }
    var json: JSON { number.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Count? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return !reading.checksLimits || (1...(1 << 53 - 1)).contains(number)
            ? Count(number: number) : reading.note(path, "must be a positive whole number")
    }
}

/// A remark of at most 2,000 characters.
struct Remark: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 2_000 }
}

/// The changes that an update makes to a key. Nothing but an update changes these members.
struct TempKeyChanges: Sendable, Equatable {
    var from: Timestamp?
    var until: Timestamp?
    /// A null value lifts the limit.
    var maxUses: Nullable<Count>.Flat?
    var users: [UserID]?
    var isWhitelist: Bool?

    var isEmpty: Bool { self == TempKeyChanges() }

    init(
        from: Timestamp? = nil, until: Timestamp? = nil, maxUses: Nullable<Count>.Flat? = nil, users: [UserID]? = nil,
        isWhitelist: Bool? = nil
    ) {
        self.from = from
        self.until = until
        self.maxUses = maxUses
        self.users = users
        self.isWhitelist = isWhitelist
    }
}

extension TempKeyChanges: WireValue {
    static let schema = Schema.object([
        "validFrom": Timestamp?.schema, "validUntil": Timestamp?.schema, "maxUses": Nullable<Count>?.schema,
        "allowedUserIds": [UserID]?.schema,
        "accessMode": AccessMode?.schema,
    ])

    var json: JSON {
        [
            "validFrom": from?.json, "validUntil": until?.json, "maxUses": maxUses.map { $0.value?.json ?? .null },
            "allowedUserIds": users?.json,
            "accessMode": isWhitelist.map { ($0 ? AccessMode.whitelist : .everybody).json },
        ]
    }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> TempKeyChanges? {
        guard let members = JSON.Object.read(raw, at: path, &reading) else { return nil }
        let from = Timestamp?.read(members["validFrom"], at: "\(path).validFrom", &reading)
        let until = Timestamp?.read(members["validUntil"], at: "\(path).validUntil", &reading)
        let maxUses = Nullable<Count>?.read(members["maxUses"], at: "\(path).maxUses", &reading)
        let users = [UserID]?.read(members["allowedUserIds"], at: "\(path).allowedUserIds", &reading)
        let mode = AccessMode?.read(members["accessMode"], at: "\(path).accessMode", &reading)
        guard let from, let until, let maxUses, let users, let mode else { return nil }
        return TempKeyChanges(from: from, until: until, maxUses: maxUses?.flat, users: users, isWhitelist: mode.map { $0 == .whitelist })
    }
}

extension Nullable<Count> {
    /// A limit, or none, in its stored form.
    struct Flat: Sendable, Equatable { let value: Int? }
    var flat: Flat { Flat(value: value?.number) }
}
