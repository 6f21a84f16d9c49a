import DevicesContracts
import Kernel

/// Asks for a desired state of a thing. Only this module asks.
struct WantState: Ask {
    static let name = "devices.WantState", module = "devices"
    let thing: ThingName
    /// The hub that the thing is.
    var hub: Hub.ID?
    let shadow: String
    let desired: JSON
    /// The tenant that has the thing, or is to have it.
    let org: OrgID?

    struct Reply: Codable, Sendable {
        enum Outcome: String, Codable { case accepted, unreachable, foreign }
        let outcome: Outcome
    }
}

/// Puts the hub's new circumstances into its `hub_state` shadow before they are stored; 502 when the link does not take them, 403 when
/// the thing that the hub was registered with is another's.
struct HubStateCall: ExternalCall {
    let want: WantState

    static let answers = [ResponseSpec.deviceUnreachable]

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        switch try await services.bus.ask(want, trace: context.request.trace, now: services.clock()).outcome {
        case .accepted: return .none
        case .unreachable: throw RequestError.deviceUnreachable("The device link did not take the change; nothing was stored.")
        case .foreign: throw RequestError.refused(.forbidden, code: nil, message: "The thing of this hub belongs to somebody else.")
        }
    }
}

extension Effect {
    /// - Parameter desired: what the hub is told of its circumstances after the events.
    static func hubState(_ desired: JSON, after events: [Hub.Event], on snapshot: Snapshot<Hub>) -> Effect {
        var after = snapshot.state
        for event in events { after.apply(event) }
        guard let thing = after.hardware?.thing else { return .none }
        let hub = Hub.ID(snapshot.stream.id), isNew = after.organisation != snapshot.state.organisation
        let bindings = after.organisation.map { isNew ? ThingTables.claim(hub, thing, for: $0) : [] } ?? []
        let want = WantState(thing: thing, hub: hub, shadow: "hub_state", desired: desired, org: after.organisation)
        return .external(HubStateCall(want: want), with: Changes(rows: bindings))
    }
}

extension ThingRunner {
    func want(_ question: WantState) async throws -> WantState.Reply {
        try await withThing(question.thing) {
            guard link.isUp() else { return WantState.Reply(outcome: .unreachable) }
            var runner = try await open(question.thing, question.shadow)
            let before = runner.shadow
            guard Self.isFree(runner.owner, for: question) else { return WantState.Reply(outcome: .foreign) }
            let publications = try runner.shadow.update(["state": ["desired": question.desired]], at: services.clock())
            _ = try await services.store.run([try ThingTables.put(runner.shadow, question.thing, question.shadow)])
            do { try await publish(publications, question.thing, question.shadow) } catch is HubLink.Down {
                try await revert(runner.shadow, to: before, question)
                return WantState.Reply(outcome: .unreachable)
            } catch is HubLink.Unknown {
                try await revert(runner.shadow, to: before, question)
                return WantState.Reply(outcome: .unreachable)
            }
            return WantState.Reply(outcome: .accepted)
        }
    }

    /// The hub's own thing, the tenant's, or one that nobody knows yet.
    private static func isFree(_ owner: Owner, for question: WantState) -> Bool {
        owner == .nobody || owner.org.map { $0 == question.org } ?? false || owner.hub != nil && owner.hub == question.hub
    }

    /// Puts back what was: nothing of a refused claim may show later.
    private func revert(_ shadow: Shadow, to before: Shadow, _ question: WantState) async throws {
        var shadow = shadow
        shadow.isStored()
        _ = shadow.replaceDesired(with: before.desired, hidesPrevious: true, at: services.clock())
        _ = try await services.store.run([try ThingTables.put(shadow, question.thing, question.shadow)])
    }
}
