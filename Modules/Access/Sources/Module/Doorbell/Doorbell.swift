import Kernel

/// The doorbell of a lock. Its presses are separate from the lock's own events.
struct Doorbell: Aggregate {
    static let category = Category("doorbell", className: "DoorbellAggregate")
    static let events = EventRegistry(DoorbellEvents())

    enum Event: Sendable, Equatable {
        case pressed(Press)
    }

    struct Press: Sendable, Equatable, Codable {
        let lock: LockID
        let uuid: UUIDText
        /// The residents of the lock, who hear it.
        let residents: [UserID]
        let org: OrgID?
        let at: Timestamp
    }

    private(set) var last: Press?

    mutating func apply(_ event: Event) {
        switch event {
        case .pressed(let press): last = press
        }
    }

    var organisation: OrgID? { last?.org }
    var publicID: String? { last?.uuid.text }
}

/// The events of a doorbell.
struct DoorbellEvents: EventForms {
    let pressed = EventForm<Doorbell>(
        "DoorbellPressed", "Somebody rings at a door.",
        members: .init(.member("lockId"), .member("uuid"), .member("residents"), .tenant, .member("timestamp")),
        make: { .pressed(Doorbell.Press(lock: $0, uuid: $1, residents: $2, org: $3, at: $4)) },
        take: { if case .pressed(let it) = $0 { (it.lock, it.uuid, it.residents, it.org, it.at) } else { nil } })

    func form(of event: Doorbell.Event) -> EventForm<Doorbell> {
        switch event {
        case .pressed: pressed
        }
    }
}
