import Application
import DevicesContracts
import Kernel

extension Effect {
    /// Sends a command to a hub. A hub that is offline gets it when it comes back, unless it has expired.
    /// - Parameter operation: the name of the operation, as the action shows it.
    static func hubCommand(
        _ command: DeviceCommand, within lifetime: Duration, by operation: String, to hub: Snapshot<Hub>, for request: Request
    ) -> Effect {
        guard let thing = hub.state.hardware?.thing else { return .none }
        let send = SendCommand(
            action: request.action, thing: thing, org: hub.state.organisation, shadow: DeviceCommand.hubShadow, command: command,
            lifetime: lifetime, context: [HubAction.mark: .string(operation)])
        return .external(CommandCall(commands: [send]))
    }
}
