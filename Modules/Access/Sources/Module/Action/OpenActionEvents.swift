import Kernel

extension OpenAction {
    static let events = EventRegistry(OpenActionEvents())
}

/// The events that end an open.
struct OpenActionEvents: EventForms {
    private static let time: [DerivedMember<OpenAction>] = [DerivedMember("timestamp") { _, now in now }]

    let opened = EventForm<OpenAction>(
        "LockOpened", "A lock confirmed that it opened. `late`: after the open was reported as failed.", derived: time,
        members: .init(.member("lockId"), .member("uuid"), .member("actionId"), .tenant, .member("late")),
        make: { (lock: LockID, uuid: UUIDText, action: ActionID, org: OrgID?, isLate: Bool?) in
            .opened(OpenAction.Door(action: action, lock: lock, uuid: uuid, org: org), isLate: isLate ?? false)
        },
        take: {
            if case .opened(let door, let isLate) = $0 { (door.lock, door.uuid, door.action, door.org, isLate ? true : nil) } else { nil }
        })

    let failed = EventForm<OpenAction>(
        "LockOpenFailed", "A lock did not open, or nothing was heard of it in time.", derived: time,
        members: .init(.member("lockId"), .member("uuid"), .member("actionId"), .tenant, .member("error")),
        make: { (lock: LockID, uuid: UUIDText, action: ActionID, org: OrgID?, error: String) in
            .failed(OpenAction.Door(action: action, lock: lock, uuid: uuid, org: org), error: error)
        },
        take: { if case .failed(let door, let error) = $0 { (door.lock, door.uuid, door.action, door.org, error) } else { nil } })

    func form(of event: OpenAction.Event) -> EventForm<OpenAction> {
        switch event {
        case .opened: opened
        case .failed: failed
        }
    }
}
