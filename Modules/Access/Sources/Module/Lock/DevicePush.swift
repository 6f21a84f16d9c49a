import DevicesContracts
import Kernel

/// A command for the device of a lock.
struct DeviceCommand: Sendable {
    let name: String
    let args: JSON
    /// Nil for commands that wait until the device is there.
    let lifetime: Duration?
    let kind: ActionKind
    /// What it rests on; nil for removals, which are nobody's right.
    let basis: Right.Basis?
}

extension Preparation where C.Target == Lock {
    /// Hands the command to the device link before anything is stored; 502 and nothing stored when the link does not take it. What
    /// was decided travels along, so that a crash between push and store is healed when the device answers.
    static func device(_ command: @escaping @Sendable (Plan) -> DeviceCommand) -> Preparation {
        Preparation(answers: [.deviceUnreachable, .fateUnknown, Answer(429, "Too many commands wait for the device.")]) { plan, services in
            let lock = plan.snapshot.state, action = plan.request.action, trace = plan.request.trace
            let device = command(plan)
            let key = device.args["key_uuid"]?.text.map { Key.ID($0) }, index = device.args["key_index"]?.integer.map { Int($0) }
            let row = ActionRow(action: action, kind: device.kind, lock: lock, caller: plan.request.caller, key: key, index: index, at: plan.request.attempt.now)
            let context = PushContext(stream: plan.snapshot.stream.id, events: plan.wire.map(PushContext.Event.init), row: row)
            let premise = try await device.basis.map { Right($0, of: lock, credentials: plan.fence.credentials) }?.premise(lock, services)
            let send = SendCommand(
                action: action, thing: lock.thing, org: lock.organisation, command: device.name, args: device.args, lifetime: device.lifetime,
                context: try JSON(encoding: context), premise: premise, fence: plan.fence)
            let withdrawal = WithdrawCommand(action: action, thing: lock.thing)
            // Barred, it can open nothing, and the caller may be told so; where not even that is known, the action tells.
            let undo = { @Sendable in !((try? await services.bus.ask(withdrawal, trace: trace, now: services.clock()))?.mayHaveLeft ?? true) }
            var outcome = Outcome(rows: [row.insert], headers: ["X-Action-Id": action.text], healedBy: "actions", undo: undo)
            outcome.isHealed = { try await !services.store.query("SELECT 1 AS known FROM access.actions WHERE action_id = \(action)").isEmpty }
            do {
                let reply = try await services.bus.ask(send, trace: trace, now: services.clock())
                try reply.check()
                outcome.isUnknown = reply.outcome == .unknown
                if reply.isOffline { outcome.headers["X-Device-Offline"] = "true" }
                return outcome
            } catch let failure where SendCommand.isWithoutAnswer(failure) {
                if await undo() { throw failure }
                outcome.isUnknown = true
                return outcome
            }
        }
    }
}

extension SendCommand {
    /// Whether nobody knows what has become of an ask: no answer came, or one that does not say.
    fileprivate static func isWithoutAnswer(_ failure: any Error) -> Bool {
        switch failure {
        case is AskFailure, is CancellationError, Failure.unavailable, Failure.outcomeUnknown: true
        default: false
        }
    }
}

extension SendCommand.Reply {
    /// Throws where nothing can come of the command.
    fileprivate func check() throws {
        switch outcome {
        case .accepted, .unknown: break
        case .unreachable: throw Failure.deviceUnreachable("The device link did not take the command; nothing was stored.")
        case .foreign: throw Failure.refused(.forbidden, code: nil, words: "The thing of this lock belongs to another tenant, or to nobody.")
        case .outdated: throw FenceBroken()
        case .full: throw Failure.deviceBusy("Too many commands wait for this lock.")
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

    /// The row with its key also where an earlier build has sent the command: the event names it.
    var keyed: ActionRow {
        guard row.key == nil, let data = events.first?.data, let key = data["keyUuid"]?.text else { return row }
        return row.with(key: Key.ID(key), data["keyIndexNumber"]?.integer.map { Int($0) })
    }
}
