import Application
import DevicesContracts
import Kernel

/// Sends a command to a hub. A hub that is offline gets it when it comes back, unless it has expired.
struct HubCommandCall: ExternalCall {
    let thing: ThingName
    let org: OrgID?
    let command: DeviceCommand
    let lifetime: Duration
    /// The name of the operation, as the action shows it.
    let operation: String
    let action: ActionID

    static let answers = [
        ResponseSpec.deviceUnreachable, ResponseSpec.fateUnknown, ResponseSpec(429, "Too many commands wait for the hub."),
    ]
    var isFenced: Bool { true }

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        let send = SendCommand(
            action: action, thing: thing, org: org, shadow: DeviceCommand.hubShadow, command: command, lifetime: lifetime,
            context: [HubAction.mark: .string(operation)], fence: context.fence)
        let reply = try await services.bus.ask(send, trace: context.request.trace, now: services.clock())
        switch reply.outcome {
        case .accepted, .unknown:
            return Receipt(action: action, isOffline: reply.isOffline, isUnknown: reply.outcome == .unknown)
        case .unreachable: throw RequestError.deviceUnreachable("The device link did not take the command; nothing was stored.")
        case .outOfService, .outdated: throw FenceBroken()
        case .foreign: throw RequestError.refused(.forbidden, code: nil, message: "The thing of this hub belongs to somebody else.")
        case .full: throw RequestError.deviceBusy("Too many commands wait for this hub.")
        }
    }

    func undo(_ context: CallContext, _ services: Services) async -> Bool {
        let withdrawal = WithdrawCommand(action: action, thing: thing)
        let reply = try? await services.bus.ask(withdrawal, trace: context.request.trace, now: services.clock())
        return !(reply?.mayHaveLeft ?? true)
    }
}

extension Effect {
    /// - Parameter operation: the name of the operation.
    static func hubCommand(
        _ command: DeviceCommand, within lifetime: Duration, by operation: String, to hub: Snapshot<Hub>, for request: Request
    ) -> Effect {
        guard let thing = hub.state.hardware?.thing else { return .none }
        return .external(
            HubCommandCall(
                thing: thing, org: hub.state.organisation, command: command, lifetime: lifetime, operation: operation,
                action: request.action))
    }
}
