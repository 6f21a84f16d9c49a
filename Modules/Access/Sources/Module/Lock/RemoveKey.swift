import Application
import DevicesContracts
import Kernel

/// Removes a key from the lock and from the device.
struct RemoveKey: Command {
    let lock: LockID
    let key: Key.ID?
    let index: Int?

    var target: String { lock.description }

    enum Refusal: DomainError {
        case noSelector, noSuchKey, selectorsDisagree
        var kind: RefusalKind { self == .noSuchKey ? .unknown : .invalid }
        var message: String {
            switch self {
            case .noSelector: "keyUuid or keyIndexNumber is needed."
            case .noSuchKey: "The lock has no such key."
            case .selectorsDisagree: "keyUuid and keyIndexNumber name different keys."
            }
        }
    }

    func decide(_ lock: Lock, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard key != nil || index != nil else { throw .noSelector }
        guard let found = key.map(lock.key) ?? index.flatMap(lock.key(at:)) else { throw .noSuchKey }
        guard index == nil || found.index == index else { throw .selectorsDisagree }
        return [.keyRemoved(found.id, index: found.index)]
    }

    static let effectAnswers = DeviceCall.answers

    /// Removes the key from the device. Until the device confirms, the key is shown as not removed yet.
    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        guard case .keyRemoved(let key, let index)? = events.first else { return .none }
        let push = DevicePush(command: .removeKey(DeviceKey(id: key.text, index: index)), lifetime: nil, kind: .removeKey, basis: nil)
        return .device(push, of: snapshot.state, for: request, rows: [KeyRemovals.begun(key, index, on: lock, at: request.attempt.now)])
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/RemoveKey", "Remove a key from a lock",
        allow: .manager,
        inputs: .init(
            .path("id", "Number of the lock."),
            .body("keyUuid", "Identifier of the key; this or the slot is needed."),
            .body("keyIndexNumber", "Slot on the device.")), make: RemoveKey.init(lock:key:index:)
    )
}
