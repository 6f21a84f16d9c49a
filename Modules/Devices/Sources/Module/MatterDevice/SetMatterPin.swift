import Application
import DevicesContracts
import Kernel

/// Sets a PIN on a lock: a user first, then the credential that belongs to it (Matter Application Cluster Specification, Door Lock, SetUser
/// and SetCredential). The PIN is in the command and nowhere else.
struct SetMatterPin: ConcernsDevice {
    let device: MatterDevice.ID
    let pin: LockPin
    let user: PositiveInt?
    let credential: PositiveInt?

    typealias Refusal = MatterRefusal
    static let refusalIfMissing = RefusalKind.invalid
    static let effectAnswers = CommandCall.answers

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [MatterDevice.Event] {
        [.pinSet(try slot(on: state), org: facts.owner.org, at: now)]
    }

    /// Returns where the PIN goes. A PIN that replaces one stays with its user unless the caller names another.
    private func slot(on state: MatterDevice) throws(MatterRefusal) -> PinSlot {
        let limits = PinLimits(state.reported), length = pin.text.utf8.count
        guard length >= limits.shortest ?? 0, length <= limits.longest ?? length else {
            throw .pinLength(shortest: limits.shortest, longest: limits.longest)
        }
        for index in [user, credential] {
            if let most = limits.users, let index, index.number > most { throw .index(most: most) }
        }
        guard let credential = credential?.number ?? limits.free(besides: state.pins.map(\.credential)) else { throw .full }
        let known = state.pins.first { $0.credential == credential }?.user
        guard let user = user?.number ?? known ?? limits.free(besides: state.pins.map(\.user)) else { throw .full }
        return PinSlot(credential: credential, user: user)
    }

    func effect(
        of events: [MatterDevice.Event], on snapshot: Snapshot<MatterDevice>, _ facts: DeviceFacts, _ request: Request, _ services: Services
    ) -> Effect {
        guard case .pinSet(let slot, _, _)? = events.first else { return .none }
        let setUser: JSON = [
            "operationType": 0, "userIndex": slot.user.json, "userName": .null, "userUniqueID": .null, "userStatus": 1, "userType": 0,
            "credentialRule": 0,
        ]
        let setCredential: JSON = [
            "operationType": 0, "credential": PinSlot.pin(at: slot.credential),
            "credentialData": .string(Base64.encode(Array(pin.text.utf8))), "userIndex": slot.user.json, "userStatus": .null,
            "userType": .null,
        ]
        return .lockCommands(
            [("SetUser", setUser), ("SetCredential", setCredential)], to: snapshot.state, of: facts.owner.org, for: request)
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/SetMatterPin", "Set a PIN on a lock",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the device."),
            .body("pinCode", "4 to 8 digits, as many as the lock takes."),
            .body("userIndex", "Place of the user on the lock; the next free one when absent."),
            .body("credentialIndex", "Place of the PIN on the lock; the next free one when absent.")),
        make: SetMatterPin.init(device:pin:user:credential:)
    )
}
