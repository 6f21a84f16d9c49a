import Kernel

/// An attempt to open a lock, from the request to the device's report. Its events end the open and are separate from the lock's own.
struct OpenAction: Aggregate {
    static let category = Category("action", className: "OpenActionAggregate")

    enum Event: Sendable, Equatable {
        case opened(Door, isLate: Bool)
        case failed(Door, error: String)
    }

    /// The door and its tenant at the time of the request.
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
