import Application
import DevicesContracts
import Kernel

/// Asks for a desired state of a thing. Used only within this module.
struct WantState: Ask {
    static let name = "devices.WantState", module = "devices"
    let thing: ThingName
    /// The hub that the thing represents.
    var hub: Hub.ID?
    let shadow: String
    let desired: JSON
    /// The tenant that owns the thing, or is about to.
    let org: OrgID?

    struct Reply: Codable, Sendable {
        enum Outcome: String, Codable { case accepted, unreachable, foreign, rejected }
        let outcome: Outcome
        /// Why the document was rejected.
        var reason: String?
    }
}

/// Writes a desired state to a thing's shadow before the events are stored. Fails with 502 when the link does not take it, and with 403
/// when the thing that the hub or device was registered with belongs to another owner.
struct WantStateCall: ExternalCall {
    let want: WantState

    static let answers = [ResponseSpec.deviceUnreachable]

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        let reply = try await services.bus.ask(want, trace: context.request.trace, now: services.clock())
        switch reply.outcome {
        case .accepted: return .none
        case .unreachable: throw RequestError.deviceUnreachable("The device link did not take the change; nothing was stored.")
        case .foreign: throw RequestError.refused(.forbidden, code: nil, message: "The thing belongs to somebody else.")
        case .rejected: throw RequestError.refused(.invalid, code: nil, message: reply.reason ?? "The document is not acceptable.")
        }
    }
}

extension Effect {
    /// - Parameter desired: the state that the hub gets after the events.
    static func hubState(_ desired: JSON, after events: [Hub.Event], on snapshot: Snapshot<Hub>) -> Effect {
        var after = snapshot.state
        for event in events { after.apply(event) }
        guard let thing = after.hardware?.thing else { return .none }
        let hub = Hub.ID(snapshot.stream.id), before = snapshot.state
        let changesThings = after.organisation != before.organisation || after.isOutOfService != before.isOutOfService
        let want = WantState(thing: thing, hub: hub, shadow: "hub_state", desired: desired, org: after.organisation)
        return .external(
            WantStateCall(want: want), with: Changes(rows: changesThings ? ThingTables.follow(hub, thing, from: before, to: after) : []))
    }
}

extension ThingRunner {
    func want(_ question: WantState) async throws -> WantState.Reply {
        try await withThing(question.thing) {
            guard link.isUp() else { return WantState.Reply(outcome: .unreachable) }
            var state = try await load(question.thing, question.shadow).state
            guard state.owner.isFree(for: question.hub, of: question.org) else { return WantState.Reply(outcome: .foreign) }
            let before = state.shadow.desired, actions: [ThingState.Action]
            do { actions = try await carryOut(.want(question.desired), on: &state) } catch let rejection as Shadow.Rejection {
                return WantState.Reply(outcome: .rejected, reason: rejection.message)
            }
            do {
                for case .publish(let message, _) in actions {
                    _ = try await publish(message, about: nil, question.thing, question.shadow)
                }
                let wanted = MessageLog.Entry.want(question.desired, on: question.shadow, version: state.shadow.version)
                _ = try await services.store.run([MessageLog.add(wanted, of: question.thing, at: services.clock())])
                return WantState.Reply(outcome: .accepted)
            } catch is HubLink.Down {} catch is HubLink.Unknown {}
            // A refused claim must not become visible later.
            _ = try await carryOut(.restore(before), on: &state)
            return WantState.Reply(outcome: .unreachable)
        }
    }

    /// Handles an input and stores the resulting changes.
    private func carryOut(_ input: ThingState.Input, on state: inout ThingState) async throws -> [ThingState.Action] {
        let now = services.clocks, actions = try state.handle(input, at: now)
        _ = try await services.store.run(try ThingTables.rows(of: actions, state, at: now.moment))
        state.isStored()
        memory.forget(state.thing)
        return actions
    }
}
