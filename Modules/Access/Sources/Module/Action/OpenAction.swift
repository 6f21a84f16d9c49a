import Kernel

/// An attempt to open a lock, from the request to what the device said. Its events end an open; they are not the lock's own.
struct OpenAction: Aggregate {
    static let category = Category("action", className: "OpenActionAggregate")

    enum Event: Sendable, Equatable {
        case opened(Door, isLate: Bool)
        case failed(Door, error: String)
    }

    /// Which door, and whose, at the time of the request.
    struct Door: Sendable, Equatable, Codable {
        let action: ActionID
        let lock: LockID
        let uuid: UUIDText
        let org: OrgID?
    }

    private(set) var org: OrgID?
    private(set) var isOpened = false
    private(set) var hasFailed = false

    mutating func apply(_ event: Event) {
        switch event {
        case .opened(let door, _): (org, isOpened) = (door.org, true)
        case .failed(let door, _): (org, hasFailed) = (door.org, true)
        }
    }

    var organisation: OrgID? { org }
}

extension LockID: Codable {
    init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(Int.self)) }
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

// MARK: - On the wire

extension OpenAction {
    static func wire(_ event: Event, in state: OpenAction, at now: Moment) -> WireEvent {
        switch event {
        case .opened(let door, let isLate): WireEvent("LockOpened", data(door, now).merging(["late": isLate ? true : nil]))
        case .failed(let door, let error): WireEvent("LockOpenFailed", data(door, now).merging(["error": .string(error)]))
        }
    }

    private static func data(_ door: Door, _ now: Moment) -> JSON.Object {
        ["lockId": door.lock.json, "uuid": door.uuid.json, "actionId": door.action.json, "timestamp": .string(now.iso)]
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data
        let door = Door(
            action: ActionID(data["actionId"]?.text ?? ""), lock: LockID(Int(data["lockId"]?.integer ?? 0)),
            uuid: UUIDText(data["uuid"]?.text ?? ""), org: stored.org)
        switch stored.wire.type {
        case "LockOpened": return .opened(door, isLate: data["late"]?.boolean ?? false)
        case "LockOpenFailed": return .failed(door, error: data["error"]?.text ?? "")
        default: return nil
        }
    }
}
