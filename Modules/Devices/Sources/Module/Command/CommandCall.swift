import Application
import DevicesContracts
import Kernel

/// Sends commands to a thing of this module, one after the other. The thing gets them in this order, when it is online.
struct CommandCall: ExternalCall {
    /// At least one; the last one's action is that of the request.
    let commands: [SendCommand]

    static let answers = [
        ResponseSpec.deviceUnreachable, ResponseSpec.fateUnknown, ResponseSpec(429, "Too many commands wait for the thing."),
    ]
    var isFenced: Bool { true }

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        var receipt = Receipt(action: commands.last?.action)
        for (place, command) in commands.enumerated() {
            do {
                // Once the first is stored, the decision stands.
                let reply = try await send(command, while: place == 0 ? context.fence : nil, context, services)
                receipt.isUnknown = receipt.isUnknown || reply.outcome == .unknown
                receipt.isOffline = reply.isOffline
            } catch {
                // What was sent has no use without the rest, and does nothing alone. A command without an answer may have been taken.
                let isUnanswered = Self.isWithoutAnswer(error)
                let isUndone = await withdraw(commands.prefix(isUnanswered ? place + 1 : place), context, services)
                guard isUnanswered, !isUndone else { throw error }
                receipt.isUnknown = true
                return receipt
            }
        }
        return receipt
    }

    private static func isWithoutAnswer(_ error: any Error) -> Bool {
        switch error {
        case is AskFailure, is CancellationError, RequestError.unavailable, RequestError.outcomeUnknown: true
        default: false
        }
    }

    private func send(
        _ command: SendCommand, while fence: Fence?, _ context: CallContext, _ services: Services
    ) async throws -> SendCommand.Reply {
        var command = command
        command.fence = fence
        let reply = try await services.bus.ask(command, trace: context.request.trace, now: services.clock())
        switch reply.outcome {
        case .accepted, .unknown: return reply
        case .unreachable: throw RequestError.deviceUnreachable("The device link did not take the command; nothing was stored.")
        case .outOfService: throw RequestError.deviceUnreachable("The hub is suspended or out of service; nothing was stored.")
        case .outdated: throw FenceBroken()
        case .foreign: throw RequestError.refused(.forbidden, code: nil, message: "The thing belongs to somebody else.")
        case .full: throw RequestError.deviceBusy("Too many commands wait for the thing.")
        }
    }

    func undo(_ context: CallContext, _ services: Services) async -> Bool { await withdraw(commands[...], context, services) }

    /// Returns whether none of the commands can reach the thing any more.
    private func withdraw(_ sent: ArraySlice<SendCommand>, _ context: CallContext, _ services: Services) async -> Bool {
        var isUndone = true
        for command in sent {
            let withdrawal = WithdrawCommand(action: command.action, thing: command.thing)
            let reply = try? await services.bus.ask(withdrawal, trace: context.request.trace, now: services.clock())
            if reply?.mayHaveLeft ?? true { isUndone = false }
        }
        return isUndone
    }
}
