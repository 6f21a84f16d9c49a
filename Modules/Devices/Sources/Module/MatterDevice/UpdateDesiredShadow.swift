import Application
import DevicesContracts
import Kernel

/// Wants values of a device: they become the desired part of its `device_state` shadow. The shadows that show commands are written by the
/// service alone.
struct UpdateDesiredShadow: ConcernsDevice {
    let device: MatterDevice.ID
    let document: JSON.Object

    typealias Refusal = MatterRefusal
    static let refusalIfMissing = RefusalKind.invalid
    static let effectAnswers = WantStateCall.answers
    private static let shadow = "device_state"

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [MatterDevice.Event] {
        [.desired(document, org: facts.owner.org, at: now)]
    }

    func effect(
        of events: [MatterDevice.Event], on snapshot: Snapshot<MatterDevice>, _ facts: DeviceFacts, _ request: Request, _ services: Services
    ) -> Effect {
        guard let registration = snapshot.state.registration else { return .none }
        let want = WantState(
            thing: registration.thing, hub: registration.hub, shadow: Self.shadow, desired: .object(document), org: facts.owner.org)
        return .external(WantStateCall(want: want))
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/UpdateDesiredShadow", "Want values of a device",
        allow: .tenantOrUser,
        inputs: .init(.path("id", "Id of the device."), .body("desired", "Values by name; null removes one.")),
        make: UpdateDesiredShadow.init(device:document:)
    )
}
