import Application
import DevicesContracts
import Kernel

extension PinSlot {
    /// Returns a credential as the Door Lock cluster names it (CredentialStruct, type PIN).
    static func pin(at index: Int) -> JSON { ["credentialType": 1, "credentialIndex": index.json] }
}

extension Effect {
    /// Sends commands of the Door Lock cluster to a device, in their order. They wait until it is online, however long that is.
    static func lockCommands(
        _ commands: [(name: String, payload: JSON)], to device: MatterDevice, of org: OrgID?, for request: Request
    ) -> Effect {
        guard let thing = device.registration?.thing else { return .none }
        let endpoint = PinLimits(device.reported).endpoint
        let sends = commands.enumerated().map { place, command in
            let isLast = place == commands.count - 1
            let action = isLast ? request.action : ActionID(request.identifier(for: "command \(place)").text)
            let matter = MatterCommand(
                endpoint: endpoint, cluster: 257, name: command.name, payload: command.payload, timedRequest: 1_000)
            return SendCommand(action: action, thing: thing, org: org, command: .matter(matter), lifetime: nil)
        }
        return .external(CommandCall(commands: sends))
    }
}
