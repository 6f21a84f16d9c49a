import Kernel

/// Who may use a temporary key, in the words of the API.
enum AccessMode: String, Codable, Sendable, CaseIterable, WireValue { case everybody = "public", whitelist = "user-whitelist" }

/// A positive whole number.
struct Count: WireValue {
    let number: Int
    static var schema: Schema { Schema.integer.with("minimum", 1) }
    var json: JSON { number.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Count? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return (1...(1 << 53 - 1)).contains(number) ? Count(number: number) : reading.note(path, "must be a positive whole number")
    }
}

/// A remark of at most 2,000 characters.
struct Remark: Text {
    let text: String
    init(_ text: String) { self.text = text }
    static var longest: Int { 2_000 }
}

/// What a lock's history tells of a key that was made for it.
struct TempKeyNotice: Sendable, Equatable {
    let key: TempKey.ID
    let users: [UserID]?
    let from: Moment
    let until: Moment
    let maxUses: Int?
    let createdBy: String

    var data: JSON.Object {
        [
            "tempKeyUuid": key.json, "accessMode": (users == nil ? AccessMode.everybody : .whitelist).json, "allowedUserIds": users?.json,
            "validFrom": from.json, "validUntil": until.json, "maxUses": maxUses?.json ?? .null, "createdBy": .string(createdBy),
        ]
    }

    init(key: TempKey.ID, users: [UserID]?, from: Moment, until: Moment, maxUses: Int?, createdBy: String) {
        (self.key, self.users, self.from, self.until, self.maxUses, self.createdBy) = (key, users, from, until, maxUses, createdBy)
    }

    init(_ definition: TempKey.Definition) {
        self.init(
            key: definition.id, users: definition.users, from: definition.from, until: definition.until, maxUses: definition.maxUses, createdBy: definition.createdBy)
    }

    init?(_ data: JSON.Object) {
        guard let from = data["validFrom"]?.text.flatMap(Moment.init(iso:)), let until = data["validUntil"]?.text.flatMap(Moment.init(iso:)) else { return nil }
        let users = data["allowedUserIds"]?.items?.compactMap { $0.text.map { UserID($0) } }
        self.init(
            key: TempKey.ID(data["tempKeyUuid"]?.text ?? ""), users: data["accessMode"] == AccessMode.whitelist.json ? users ?? [] : nil, from: from, until: until,
            maxUses: data["maxUses"]?.integer.map(Int.init), createdBy: data["createdBy"]?.text ?? "")
    }
}

/// One use of a key at a lock.
struct TempKeyUse: Sendable, Equatable {
    let key: TempKey.ID
    /// The guest, where one was signed in.
    let user: UserID?
    /// How often the key has been used, this time included.
    let count: Int
}

/// What an update changes of a key; nothing else does.
struct TempKeyChanges: Sendable, Equatable {
    var from: Moment?
    var until: Moment?
    /// A value of null lifts the limit.
    var maxUses: Nullable<Count>.Flat?
    var users: [UserID]?
    var isWhitelist: Bool?

    var isEmpty: Bool { data.isEmpty }

    var data: JSON.Object {
        [
            "validFrom": from?.json, "validUntil": until?.json, "maxUses": maxUses.map { $0.value?.json ?? .null }, "allowedUserIds": users?.json,
            "accessMode": isWhitelist.map { ($0 ? AccessMode.whitelist : .everybody).json },
        ]
    }

    init(from: Moment? = nil, until: Moment? = nil, maxUses: Nullable<Count>.Flat? = nil, users: [UserID]? = nil, isWhitelist: Bool? = nil) {
        (self.from, self.until, self.maxUses, self.users, self.isWhitelist) = (from, until, maxUses, users, isWhitelist)
    }

    init(_ data: JSON.Object) {
        from = data["validFrom"]?.text.flatMap(Moment.init(iso:))
        until = data["validUntil"]?.text.flatMap(Moment.init(iso:))
        maxUses = data["maxUses"].map { Nullable<Count>.Flat(value: $0.integer.map(Int.init)) }
        users = data["allowedUserIds"]?.items?.compactMap { $0.text.map { UserID($0) } }
        isWhitelist = data["accessMode"]?.text.map { $0 == AccessMode.whitelist.rawValue }
    }
}

extension Nullable<Count> {
    /// A limit, or none, as it is kept.
    struct Flat: Sendable, Equatable { let value: Int? }
    var flat: Flat { Flat(value: value?.number) }
}
