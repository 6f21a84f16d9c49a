import Application
import DevicesContracts
import Kernel

/// Registers a lock with the platform.
struct CreateLock: Command {
    let lock: LockID
    let index: LockID
    let uuid: UUIDText
    let serialNumber: SerialNumber?
    /// Validated but not stored: the contract has no field for it.
    let vendorName: SerialNumber?
    let owner: UserID?
    let keys: [Key]
    let caller: Caller

    static let createsAggregate = true
    var target: String { lock.description }

    enum Refusal: DomainError {
        case otherIndex, uuidTaken, keyTwice
        var kind: RefusalKind { .invalid }
        var message: String {
            switch self {
            case .otherIndex: "The body's index must be the number in the path."
            case .uuidTaken: "The hardware uuid belongs to another lock."
            case .keyTwice: "A key stands twice in the list."
            }
        }
    }

    static func refusal(claimed kind: String) -> Refusal? { .uuidTaken }

    func decide(_ state: Lock, _: NoFacts, at now: Timestamp) throws(Refusal) -> [Lock.Event] {
        guard index == lock else { throw .otherIndex }
        guard state.number == 0 else { return [] }  // creating an existing lock is not an error
        guard Set(keys.map(\.id)).count == keys.count else { throw .keyTwice }
        let installation = Installation(
            lock: lock, uuid: uuid, serialNumber: serialNumber, owner: owner ?? caller.user, org: caller.org, keys: keys)
        return [.created(installation)]
    }

    func effect(of events: [Lock.Event], on snapshot: Snapshot<Lock>, _: NoFacts, _ request: Request, _ services: Services) -> Effect {
        .external(BindCall(thing: ThingName(uuid.text), org: caller.org))
    }

    static let operation = Operation.command(
        .post, "/locks/{id}/CreateLock", "Put a lock under management",
        allow: Rule("any tenant, a super key, or a user who becomes the owner") { command, _, caller in
            command.owner == nil || caller.user == nil || command.owner == caller.user
        },
        inputs: .init(
            .path("id", "Number of the lock, chosen by the operator."),
            .body("index", "The same number."),
            .body("uuid", "Hardware uuid; also the name of the lock's thing."),
            .body("serialNumber", "Serial number of the hardware."),
            .body("vendorName", "Maker of the hardware."),
            .body("ownerId", "The user who owns the lock."),
            .body("keys", "Keys that the device knows already.", default: []),
            .caller), make: CreateLock.init(lock:index:uuid:serialNumber:vendorName:owner:keys:caller:)
    )
}
