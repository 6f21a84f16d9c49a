import DevicesContracts
import Kernel

/// A command for the device of a lock.
struct DeviceCommand: Sendable {
    let name: String
    let args: JSON
    /// Nil for commands that wait until the device is there.
    let lifetime: Duration?
    let kind: ActionKind
}

extension Preparation where C.Target == Lock {
    /// Hands the command to the device link before anything is stored; 502 and nothing stored when the link does not take it. What
    /// was decided travels along, so that a crash between push and store is healed when the device answers.
    static func device(_ command: @escaping @Sendable (C, Lock, [Lock.Event]) -> DeviceCommand) -> Preparation {
        Preparation(answers: [.deviceUnreachable]) { plan, services in
            let lock = plan.snapshot.state, action = plan.request.action, trace = plan.request.trace
            let device = command(plan.command, lock, plan.events)
            let row = ActionRow(action: action, kind: device.kind, lock: lock, caller: plan.request.caller, at: plan.request.attempt.now)
            let context = PushContext(stream: plan.snapshot.stream.id, events: plan.wire.map(PushContext.Event.init), row: row)
            let send = SendCommand(
                action: action, thing: lock.thing, org: lock.organisation, command: device.name, args: device.args, lifetime: device.lifetime,
                context: try JSON(encoding: context))
            @Sendable func withdraw() async {
                _ = try? await services.bus.ask(WithdrawCommand(action: action, thing: lock.thing), trace: trace, now: services.clock())
            }
            let reply: SendCommand.Reply
            do {
                reply = try await services.bus.ask(send, trace: trace, now: services.clock())
            } catch {
                await withdraw()  // whatever became of it: nothing may open that was answered with an error
                throw error
            }
            switch reply.outcome {
            case .accepted: break
            case .unreachable: throw Failure.deviceUnreachable("The device link did not take the command; nothing was stored.")
            case .foreign: throw Failure.refused(.forbidden, code: nil, words: "The thing of this lock belongs to another tenant.")
            }
            let headers = ["X-Action-Id": action.text].merging(reply.isOffline ? ["X-Device-Offline": "true"] : [:]) { own, _ in own }
            return Outcome(rows: [row.insert], headers: headers, healedBy: "actions", undo: withdraw)
        }
    }
}

/// What Access gives along with a command and gets back with its end.
struct PushContext: Codable {
    struct Event: Codable {
        let type: String
        let data: JSON
        init(_ wire: WireEvent) { (type, data) = (wire.type, .object(wire.data)) }
        var wire: WireEvent { WireEvent(type, data.members ?? [:]) }
    }
    /// The id of the lock's stream.
    let stream: String
    let events: [Event]
    let row: ActionRow
}
