import Application
import DevicesContracts
import Kernel

/// Replaces the hardware of a lock: its uuid, and with it the thing that receives its commands.
struct ChangeLockUuid: Command {
    let lock: LockID
    let uuid: UUIDText

    var target: String { lock.description }

    enum Refusal: DomainError {
        case sameUuid, uuidTaken
        var kind: RefusalKind { self == .sameUuid ? .conflict : .invalid }
        var message: String { self == .sameUuid ? "The lock has this uuid already." : "The hardware uuid belongs to another lock." }
    }

    static func refusal(claimed kind: String) -> Refusal? { .uuidTaken }

    func decide(_ lock: Lock, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard lock.uuid != uuid else { throw .sameUuid }
        return [.uuidChanged(to: uuid, from: lock.uuid)]
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .external(BindCall(thing: ThingName(uuid.text), org: snapshot.state.org))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/ChangeLockUuid", "Replace the hardware uuid of a lock",
        allow: Rule("a super key") { _, _, caller in caller.isSuper },
        inputs: .init(.path("id", "Number of the lock."), .body("newUuid", "Uuid of the new hardware.")),
        make: ChangeLockUuid.init(lock:uuid:)
    )
}
