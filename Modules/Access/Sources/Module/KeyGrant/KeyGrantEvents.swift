import Kernel

extension KeyGrant {
    static let events = EventRegistry(KeyGrantEvents())
    static let views = [KeyGrantRows.view]
}

/// The events of key grants. They are internal: partners are notified of keys through the lock's events.
struct KeyGrantEvents: EventForms {
    let granted = EventForm<KeyGrant>(
        "KeyGranted", "A key with a validity was granted.", audience: .modules,
        members: .init(.coded("terms"), .member("isOnDevice"), .member("run")),
        make: KeyGrant.Event.granted,
        take: { if case .granted(let terms, let isOnDevice, let run) = $0 { (terms, isOnDevice, run) } else { nil } })

    let barred = EventForm<KeyGrant>(
        "KeyHolderBarred", "The holder of a key was suspended.", audience: .modules, members: .init(.member("run")),
        make: KeyGrant.Event.barred, take: { if case .barred(let run) = $0 { run } else { nil } })

    let admitted = EventForm<KeyGrant>(
        "KeyHolderAdmitted", "The holder of a key is suspended no more.", audience: .modules, event: .admitted)

    let moveIntended = EventForm<KeyGrant>(
        "KeyMoveIntended", "A device is to have a key, or to have it no more.", audience: .modules,
        members: .init(.member("isOnDevice"), .member("attempt")),
        make: KeyGrant.Event.moveIntended,
        take: { if case .moveIntended(let isOnDevice, let attempt) = $0 { (isOnDevice, attempt) } else { nil } })

    let moveSent = EventForm<KeyGrant>(
        "KeyMoveSent", "The device link took the command.", audience: .modules, members: .init(.member("attempt")),
        make: KeyGrant.Event.moveSent, take: { if case .moveSent(let attempt) = $0 { attempt } else { nil } })

    let moveDone = EventForm<KeyGrant>(
        "KeyMoveDone", "The device did what it was told.", audience: .modules, members: .init(.member("attempt")),
        make: KeyGrant.Event.moveDone, take: { if case .moveDone(let attempt) = $0 { attempt } else { nil } })

    let moveFailed = EventForm<KeyGrant>(
        "KeyMoveFailed", "The device could not do what it was told.", audience: .modules,
        members: .init(.member("attempt"), .milliseconds("at")),
        make: KeyGrant.Event.moveFailed, take: { if case .moveFailed(let attempt, let at) = $0 { (attempt, at) } else { nil } })

    let revoked = EventForm<KeyGrant>("KeyGrantRevoked", "The key was taken from the lock.", audience: .modules, event: .revoked)

    func form(of event: KeyGrant.Event) -> EventForm<KeyGrant> {
        switch event {
        case .granted: granted
        case .barred: barred
        case .admitted: admitted
        case .moveIntended: moveIntended
        case .moveSent: moveSent
        case .moveDone: moveDone
        case .moveFailed: moveFailed
        case .revoked: revoked
        }
    }
}
