import Kernel

/// Registers a key on the lock and programs the device.
struct AddKey: Command {
    let lock: LockID
    let key: Key.ID
    let index: Int?
    let user: UserID?

    var target: String { lock.description }

    enum Refusal: Refused {
        case keyTakenByAnother
        var kind: RefusalKind { .invalid }
        var words: String { "The lock has this key with another slot or holder." }
    }

    func decide(_ lock: Lock, at now: Moment) throws(Refusal) -> [Lock.Event] {
        let wanted = Key(id: key, index: index, user: user)
        if let held = lock.key(key) {
            guard held == wanted else { throw .keyTakenByAnother }
            return []  // asking twice is not an error
        }
        return [.keyAdded(wanted)]
    }

    static let push = Preparation<AddKey>.device { command, _, _ in
        let args: JSON = ["key_uuid": command.key.json, "key_index": command.index?.json, "user_id": command.user?.json]
        return DeviceCommand(name: "add_key", args: args, lifetime: nil, kind: .addKey)
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/AddKey", "Add a key to a lock",
        allow: .manager,
        before: push,
        input:
            .path("id", "Number of the lock."),
        .body("keyUuid", "Identifier of the key."),
        .body("keyIndexNumber", "Slot on the device."),
        .body("userId", "Who holds the key; may then manage the lock."),
        make: AddKey.init(lock:key:index:user:)
    )
}
