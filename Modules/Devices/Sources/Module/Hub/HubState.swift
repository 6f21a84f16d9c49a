import DevicesContracts
import Kernel

/// Asks the desk to set what is wanted of a thing. Only this module asks.
struct WantState: Ask {
    static let name = "devices.WantState", module = "devices"
    let thing: ThingName
    /// The hub that the thing is. Nobody has it so far, so whatever an earlier claim has bound was never stored.
    var hub: Hub.ID?
    let shadow: String
    let desired: JSON
    /// The tenant that has the thing from now on.
    let org: OrgID?

    struct Reply: Codable, Sendable {
        enum Outcome: String, Codable { case accepted, unreachable, foreign }
        let outcome: Outcome
    }
}

extension Preparation where C.Target == Hub {
    /// Puts the hub's new circumstances into its `hub_state` shadow before they are stored; 502 when the link does not take them, 403 when
    /// the thing that the hub was registered with is another's.
    static func hubState(_ desired: @escaping @Sendable (C, [Hub.Event]) -> JSON) -> Preparation {
        Preparation(answers: [.deviceUnreachable]) { plan, services in
            var after = plan.snapshot.state
            for event in plan.events { after.apply(event) }
            guard let thing = after.hardware?.thing else { return Outcome() }
            let want = WantState(
                thing: thing, hub: Hub.ID(plan.snapshot.stream.id), shadow: "hub_state", desired: desired(plan.command, plan.events), org: after.organisation)
            switch try await services.bus.ask(want, trace: plan.request.trace, now: services.clock()).outcome {
            case .accepted: return Outcome()
            case .unreachable: throw Failure.deviceUnreachable("The device link did not take the change; nothing was stored.")
            case .foreign: throw Failure.refused(.forbidden, code: nil, words: "The thing of this hub belongs to somebody else.")
            }
        }
    }
}

extension DeviceDesk {
    func want(_ question: WantState) async throws -> WantState.Reply {
        try await turn(question.thing) {
            guard link.isUp() else { return WantState.Reply(outcome: .unreachable) }
            var desk = try await open(question.thing, question.shadow)
            let before = desk.shadow
            guard !desk.isBound || desk.owner == question.org || (desk.hub != nil && desk.hub == question.hub) else { return WantState.Reply(outcome: .foreign) }
            let publications = try desk.shadow.update(["state": ["desired": question.desired]], at: services.clock())
            _ = try await services.store.run([try ThingTables.put(desk.shadow, question.thing, question.shadow), Self.bindByHub(question)])
            do { try await publish(publications, question.thing, question.shadow) } catch is HubLink.Down {
                desk.shadow.isStored()
                try await unwant(question, desk, before)
                return WantState.Reply(outcome: .unreachable)
            }
            return WantState.Reply(outcome: .accepted)
        }
    }

    private static func bindByHub(_ question: WantState) -> SQL {
        """
        INSERT INTO devices.things AS known (name, org_id, by_hub) VALUES (\(question.thing), \(optional: question.org), \(optional: question.hub))
        ON CONFLICT (name) DO UPDATE SET org_id = CASE WHEN known.by_hub = EXCLUDED.by_hub THEN EXCLUDED.org_id ELSE known.org_id END
        """
    }

    /// Puts back what was: nothing of a refused claim may show later.
    private func unwant(_ question: WantState, _ desk: Desk, _ before: Shadow) async throws {
        var shadow = desk.shadow
        _ = shadow.replaceDesired(with: before.desired, hidesPrevious: true, at: services.clock())
        let binding: SQL =
            desk.isBound
            ? "UPDATE devices.things SET org_id = \(optional: desk.owner) WHERE name = \(question.thing) AND by_hub = \(optional: question.hub)"
            : "DELETE FROM devices.things WHERE name = \(question.thing)"
        _ = try await services.store.run([try ThingTables.put(shadow, question.thing, question.shadow), binding])
    }
}
