import Application
import DevicesContracts
import Kernel

/// Takes over what a device has reported on its shadows: the values, and the alarms that follow from them.
struct IngestReport: ConcernsDevice {
    let device: MatterDevice.ID
    let document: JSON.Object

    typealias Refusal = MatterRefusal

    func decide(_ state: MatterDevice, _ facts: DeviceFacts, at now: Timestamp) throws(MatterRefusal) -> [MatterDevice.Event] {
        let report = try state.report(document, facts, at: now)
        guard !report.isEmpty, let registration = state.registration else { return [] }
        let all = state.reported(after: document, at: now)
        let readings = SensorReading.all(in: document, of: all, registeredAs: registration.type, at: now)
        return report + (try state.alarmEvents(of: readings, facts)) + state.healthEvents(from: state.reported, to: all, facts, at: now)
    }
}
