import Application
import DevicesContracts
import Kernel

/// Asks the lock to write a key to the card that is held against it. The list of keys does not change.
struct WriteKey: Command {
    let lock: LockID
    let key: Key.ID
    let index: Int?

    var target: String { lock.description }

    func decide(_ lock: Lock, _: NoFacts, at now: Timestamp) throws(NoRefusal) -> [Lock.Event] { [.keyWriteRequested(key, index: index)] }

    static let effectAnswers = DeviceCall.answers

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        let command = DeviceCommand.writeKey(DeviceKey(id: key.text, index: index))
        let basis = Right.Basis.keyGiver(request.caller.withoutAddress)
        let push = DevicePush(command: command, lifetime: .seconds(120), kind: .writeKey, basis: basis)
        return .device(push, of: snapshot.state, for: request)
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/WriteKey", "Write a key to a card",
        allow: .keyGiver,
        inputs: .init(
            .path("id", "Number of the lock."),
            .body("keyUuid", "Identifier of the key; the lock need not know it."),
            .body("keyIndexNumber", "Slot on the device.")), make: WriteKey.init(lock:key:index:)
    )
}
