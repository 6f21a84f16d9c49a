import Kernel

extension TempKey {
    static let events = EventRegistry(TempKeyEvents())
    static let views = [TempKeyRows.view]
}

/// The events of temporary keys. They are internal: partners are notified through the locks' events.
struct TempKeyEvents: EventForms {
    let created = EventForm<TempKey>(
        "TempKeyDefined", "A temporary key was made.", audience: .modules, members: .init(.whole),
        make: TempKey.Event.created, take: { if case .created(let definition) = $0 { definition } else { nil } })

    let changed = EventForm<TempKey>(
        "TempKeyChanged", "A temporary key was changed.", audience: .modules, members: .init(.member("changes"), .member("by")),
        make: TempKey.Event.changed, take: { if case .changed(let changes, let by) = $0 { (changes, by) } else { nil } })

    let revoked = EventForm<TempKey>(
        "TempKeyRevoked", "A temporary key opens nothing more.", audience: .modules, members: .init(.member("by"), .member("at")),
        make: TempKey.Event.revoked, take: { if case .revoked(let by, let at) = $0 { (by, at) } else { nil } })

    let doorsEnded = EventForm<TempKey>(
        "TempKeyDoorsEnded", "A temporary key opens some of its doors no more.", audience: .modules,
        members: .init(.member("doorIds"), .member("by"), .member("at")),
        make: TempKey.Event.doorsEnded, take: { if case .doorsEnded(let doors, let by, let at) = $0 { (doors, by, at) } else { nil } })

    let useReserved = EventForm<TempKey>(
        "TempKeyUseReserved", "An open counts as a use of the key.", audience: .modules, members: .init(.member("actionId")),
        make: TempKey.Event.useReserved, take: { if case .useReserved(let action) = $0 { action } else { nil } })

    let useReturned = EventForm<TempKey>(
        "TempKeyUseReturned", "An open that failed counts as a use no more.", audience: .modules, members: .init(.member("actionId")),
        make: TempKey.Event.useReturned, take: { if case .useReturned(let action) = $0 { action } else { nil } })

    func form(of event: TempKey.Event) -> EventForm<TempKey> {
        switch event {
        case .created: created
        case .changed: changed
        case .revoked: revoked
        case .doorsEnded: doorsEnded
        case .useReserved: useReserved
        case .useReturned: useReturned
        }
    }
}

extension TempKey.Event {
    var mayEndRights: Bool {
        switch self {
        case .changed, .revoked, .doorsEnded: true
        case .created, .useReserved, .useReturned: false
        }
    }
}
