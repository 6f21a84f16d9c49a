import Kernel

/// Asks the lock to write a key to the card that is held against it. The list of keys stays as it is.
struct WriteKey: Command {
    let lock: LockID
    let key: Key.ID
    let index: Int?

    var target: String { lock.description }

    func decide(_ lock: Lock, at now: Moment) throws(NoRefusal) -> [Lock.Event] { [.keyWriteRequested(key, index: index)] }

    static let operation = Operation.command(
        .post, "/locks/{id}/WriteKey", "Write a key to a card",
        allow: .keyGiver,
        before: .device { plan in
            DeviceCommand(
                name: "write_key", args: ["key_uuid": plan.command.key.json, "key_index": plan.command.index?.json], lifetime: .seconds(120), kind: .writeKey,
                basis: .keyGiver(plan.request.caller.withoutAddress))
        },
        input:
            .path("id", "Number of the lock."),
        .body("keyUuid", "Identifier of the key; the lock need not know it."),
        .body("keyIndexNumber", "Slot on the device."),
        make: WriteKey.init(lock:key:index:)
    )
}
