import Application
import DevicesContracts
import Kernel

/// Removes a PIN from a lock, whether or not this service has set it.
struct ClearMatterPin: ConcernsDevice {
    let device: MatterDevice.ID
    let credential: PositiveInt
    let user: PositiveInt?

    typealias Refusal = MatterRefusal
    static let refusalIfMissing = RefusalKind.invalid
    static let effectAnswers = CommandCall.answers

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [MatterDevice.Event] {
        if let most = PinLimits(state.reported).users, credential.number > most { throw .index(most: most) }
        return [.pinCleared(credential: credential.number, user: user?.number, org: facts.owner.org, at: now)]
    }

    func effect(
        of events: [MatterDevice.Event], on snapshot: Snapshot<MatterDevice>, _ facts: DeviceFacts, _ request: Request, _ services: Services
    ) -> Effect {
        .lockCommands(
            [("ClearCredential", ["credential": PinSlot.pin(at: credential.number)])], to: snapshot.state, of: facts.owner.org, for: request
        )
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/ClearMatterPin", "Remove a PIN from a lock",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the device."),
            .body("credentialIndex", "Place of the PIN on the lock."),
            .body("userIndex", "Place of its user; only repeated in the event.")),
        make: ClearMatterPin.init(device:credential:user:)
    )
}
