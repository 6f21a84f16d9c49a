import Kernel

/// A camera that 3dEye streams. It exists there first; this is what is known of it here.
struct Camera: Aggregate {
    static let category = Category("camera", className: "CameraAggregate")
    typealias ID = Kernel.ID<Camera>

    enum Kind: String, Codable, Sendable, CaseIterable, WireValue { case generic, onvif, pnp }
    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case active = "Active"
        case disabled = "Disabled"
        case deleted = "Deleted"
    }

    enum Event: Sendable, Equatable {
        case registered(Registration, at: Timestamp)
        case updated(Change, at: Timestamp)
        case disabled(Reason, by: UserID, at: Timestamp)
        case deleted(by: UserID, at: Timestamp)
        case linked(LockReference)
        case unlinked
    }

    struct Registration: Sendable, Equatable {
        let camera: Camera.ID
        /// Empty until 3dEye has given one.
        var remote: RemoteCamera.ID = ""
        let kind: Kind
        let name: String
        let org: OrgID
        let owner: UserID
        /// Empty for a camera that is recognised by a code.
        let httpURL: String
        let rtspURL: String
        let code: String?
    }

    /// What an update changes; nil for what stays.
    struct Change: Sendable, Equatable {
        var name: String?
        var httpURL: String?
        var rtspURL: String?
    }

    private(set) var camera: Camera.ID?
    private(set) var remote: RemoteCamera.ID = ""
    private(set) var kind = Kind.generic
    private(set) var name = ""
    private(set) var org: OrgID?
    private(set) var owner: UserID?
    private(set) var httpURL = ""
    private(set) var rtspURL = ""
    private(set) var code: String?
    private(set) var status = Status.active
    private(set) var lock: LockReference?

    mutating func apply(_ event: Event) {
        switch event {
        case .registered(let it, _):
            camera = it.camera
            remote = it.remote
            kind = it.kind
            name = it.name
            org = it.org
            owner = it.owner
            httpURL = it.httpURL
            rtspURL = it.rtspURL
            code = it.code
        case .updated(let change, _):
            name = change.name ?? name
            httpURL = change.httpURL ?? httpURL
            rtspURL = change.rtspURL ?? rtspURL
        case .disabled: status = .disabled
        case .deleted: status = .deleted
        case .linked(let lock): self.lock = lock
        case .unlinked: lock = nil
        }
    }

    var organisation: OrgID? { org }
}

/// A camera as 3dEye knows it.
enum RemoteCamera {
    typealias ID = RemoteID<RemoteCamera>
}

/// An id that 3dEye gives: a number there, kept as text. Callers may give either.
struct RemoteID<Thing>: StringValue, ColumnValue, SQLBindable {
    let text: String
    var sql: SQLValue { .text(text) }
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 64 }
    static var schema: Schema {
        Schema(["anyOf": [Schema.string.limited(min: 1, max: Int64(maxLength)).json, Schema.integer.json]])
    }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> RemoteID? {
        guard let raw else { return reading.note(path, "is missing") }
        if case .int(let number) = raw { return RemoteID(String(number)) }
        guard let text = raw.text else { return reading.note(path, "must be a string or a whole number") }
        if reading.checksLimits, let problem = text.isEmpty ? "must not be empty" : text.problem(max: maxLength) {
            return reading.note(path, problem)
        }
        return RemoteID(text)
    }
}

/// A lock as a camera names it: its number or its UUID.
struct LockReference: StringValue, ColumnValue, SQLBindable {
    let text: String
    var sql: SQLValue { .text(text) }
    init(_ text: String) { self.text = text.foldedUUID }
    static var maxLength: Int { 64 }
    static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}
