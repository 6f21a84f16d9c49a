import Kernel

/// A door of a shared key, as described by the caller.
struct DoorRequest: WireValue {
    let lock: LockID
    let label: String?
    let method: TempKey.Door.Method

    static var schema: Schema {
        .object([
            "lockId": Schema.string.described("Number of the lock, as a number or as text."),
            "label": Schema.string.limited(max: 120).optional,
            "accessMethod": TempKey.Door.Method.schema.with("default", "key").optional,
        ])
    }
    var json: JSON { ["lockId": .string(lock.description), "label": label?.json, "accessMethod": method.json] }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> DoorRequest? {
        guard let object = JSON.Object.read(raw, at: path, &reading) else { return nil }
        let lock = readLock(object["lockId"], at: "\(path).lockId", &reading)
        let label = String?.read(object["label"], at: "\(path).label", &reading)
        let method =
            object["accessMethod"] == nil ? .key : TempKey.Door.Method.read(object["accessMethod"], at: "\(path).accessMethod", &reading)
        if let text = label ?? nil, text.unicodeScalars.count > 120 {
            return reading.note("\(path).label", "must have at most 120 characters")
        }
        guard let lock, let label, let method else { return nil }
        return DoorRequest(lock: lock, label: label, method: method)
    }

    private static func readLock(_ raw: JSON?, at path: String, _ reading: inout Reading) -> LockID? {
        guard let text = raw?.text else { return LockID.read(raw, at: path, &reading) }
        guard let number = Int(text), String(number) == text else { return reading.note(path, "must be the number of a lock") }
        return LockID.read(.int(Int64(number)), at: path, &reading)
    }
}

/// One to fifty doors.
struct DoorRequests: WireValue {
    let doors: [DoorRequest]
    static let limit = 50
    static var schema: Schema { Schema.list(of: DoorRequest.schema).limited(min: 1, max: Int64(limit)) }
    var json: JSON { doors.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> DoorRequests? {
        if let count = raw?.items?.count, !(1...limit).contains(count) { return reading.note(path, "must have 1 to \(limit) doors") }
        return [DoorRequest].read(raw, at: path, &reading).map(DoorRequests.init)
    }
}
