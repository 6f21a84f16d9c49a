import Application
import DevicesContracts
import Kernel

/// A command for the device of a lock, with the right that it depends on.
struct DevicePush: Sendable {
    let command: DeviceCommand
    /// Nil for commands that wait until the device is online.
    let lifetime: Duration?
    let kind: ActionKind
    /// Nil for removals, which depend on no right.
    let basis: Right.Basis?
    /// When the right ends by itself, if known; otherwise it is looked up.
    var rightEndsAt: Timestamp?
}

/// Sends a command to the device link before anything is stored. If the link does not accept it, answers 502 and stores nothing. The events
/// travel with the command, so that the device's answer repairs a crash between call and commit.
struct DeviceCall: ExternalCall {
    let push: DevicePush
    let lock: Lock
    let row: ActionRow

    var isFenced: Bool { true }
    static let answers = [ResponseSpec.deviceUnreachable, .fateUnknown, ResponseSpec(429, "Too many commands wait for the device.")]

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        let origin = PushContext(stream: context.stream.id, events: context.events.map(PushContext.Event.init), row: row)
        let right = push.basis.map { Right($0, of: lock, credentials: context.fence.credentials) }
        let send = SendCommand(
            action: row.action, thing: lock.thing, org: lock.organisation, command: push.command, lifetime: push.lifetime,
            context: try JSON(encoding: origin), premise: try await right?.premise(lock, services, endingAt: push.rightEndsAt),
            fence: context.fence)
        let asked = services.clock()
        do {
            let reply = try await services.bus.ask(send, trace: context.request.trace, now: asked)
            try reply.check()
            return Receipt(action: row.action, calledAt: asked, isOffline: reply.isOffline, isUnknown: reply.outcome == .unknown)
        } catch let failure where SendCommand.isWithoutAnswer(failure) {
            if await undo(context, services) { throw failure }
            return Receipt(action: row.action, calledAt: asked, isUnknown: true)
        }
    }

    /// Withdraws the command. Returns true if it cannot reach the device, so that the caller may be told that it failed; otherwise the
    /// action reports the outcome.
    func undo(_ context: CallContext, _ services: Services) async -> Bool {
        let withdrawal = WithdrawCommand(action: row.action, thing: lock.thing)
        let reply = try? await services.bus.ask(withdrawal, trace: context.request.trace, now: services.clock())
        return !(reply?.mayHaveLeft ?? true)
    }

    /// The row of a command that was withdrawn before this call makes room; only the repeat of a request can meet one. The row of one that
    /// was withdrawn since stays, and the commit fails.
    func rows(after receipt: Receipt, _ context: CallContext) -> [SQL] {
        context.request.attempt.idempotency == nil ? [row.insert] : [row.forgetWithdrawn(asked: receipt.calledAt), row.insert]
    }

    /// A key that was withdrawn while its events were being stored is on no list and on no device.
    func fate(_ receipt: Receipt, _ services: Services) async throws -> CallFate {
        if try await services.store.query(row.stored(asked: receipt.calledAt)).isEmpty { return .stands }
        return try await services.store.query(row.stored(asked: nil)).isEmpty ? .wasTakenBack : .isStored
    }
}

extension Effect {
    /// - Parameter rows: rows to commit with the events in addition to the action's row.
    static func device(_ push: DevicePush, of lock: Lock, for request: Request, rows: [SQL] = []) -> Effect {
        let key = push.command.key
        let row = ActionRow(
            action: request.action, kind: push.kind, lock: lock, caller: request.caller, key: key.map { Key.ID($0.id) }, index: key?.index,
            at: request.attempt.now)
        return .external(DeviceCall(push: push, lock: lock, row: row), with: Changes(rows: rows))
    }
}

extension SendCommand {
    /// Returns whether the outcome of the ask is unknown: no answer came, or one that does not state it.
    fileprivate static func isWithoutAnswer(_ failure: any Error) -> Bool {
        switch failure {
        case is AskFailure, is CancellationError, RequestError.unavailable, RequestError.outcomeUnknown: true
        default: false
        }
    }
}

extension SendCommand.Reply {
    /// Throws if the command cannot take effect.
    fileprivate func check() throws {
        switch outcome {
        case .accepted, .unknown: break
        case .unreachable: throw RequestError.deviceUnreachable("The device link did not take the command; nothing was stored.")
        case .outOfService:
            throw RequestError.deviceUnreachable("The hub of this lock is suspended or out of service; nothing was stored.")
        case .foreign:
            throw RequestError.refused(.forbidden, code: nil, message: "The thing of this lock belongs to another tenant, or to nobody.")
        case .outdated: throw FenceBroken()
        case .full: throw RequestError.deviceBusy("Too many commands wait for this lock.")
        }
    }
}

/// The context that Access sends with a command and gets back when the command has finished.
struct PushContext: Codable {
    struct Event: Codable {
        let type: String
        let data: JSON
        init(_ wire: EventData) { (type, data) = (wire.type, .object(wire.data)) }
        var wire: EventData { EventData(type, data.members ?? [:]) }
    }
    /// The id of the lock's stream.
    let stream: String
    let events: [Event]
    let row: ActionRow

    /// The member that distinguishes this context from those of other senders.
    static let mark = "row"

    /// The row with its key. An earlier build sent commands without the key in the row, so it is read from the event.
    var keyed: ActionRow {
        guard row.key == nil, let data = events.first?.data, let key = data["keyUuid"]?.text else { return row }
        return row.with(key: Key.ID(key), data["keyIndexNumber"]?.integer.map { Int($0) })
    }
}
