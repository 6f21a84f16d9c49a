import Application
import Kernel

/// Stores what a device has reported, merged into what it reported before.
struct UpdateReportedShadow: ConcernsDevice {
    let device: MatterDevice.ID
    let document: JSON.Object

    typealias Refusal = MatterRefusal
    static let refusalIfMissing = RefusalKind.invalid

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [MatterDevice.Event] {
        try state.report(document, facts, at: now)
    }

    static let operation = Operation.command(
        .post, "/matter-devices/{id}/UpdateReportedShadow", "Store what a device has reported",
        allow: .tenant,
        inputs: .init(
            .path("id", "Id of the device."), .body("reported", "Values by attribute path or name; null removes one.")),
        make: UpdateReportedShadow.init(device:document:)
    )
}

extension MatterDevice {
    /// The most bytes that the values of a device may have: those of all its shadows.
    static let maxReported = 32 * Shadow.largest

    /// Returns the event of a report that changes something.
    func report(_ document: JSON.Object, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [Event] {
        guard Merge.depth(of: .object(document)) <= Shadow.maxDepth else { throw .tooDeep }
        let after = reported(after: document, at: now)
        guard after != reported else { return [] }
        guard after.bytes.count <= Self.maxReported else { throw .tooLarge }
        return [.reported(document, org: facts.owner.org, at: now)]
    }
}
