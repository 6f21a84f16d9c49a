import DevicesContracts
import Kernel

/// Asks the desk to set what is wanted of a thing. Only this module asks.
struct WantState: Ask {
    static let name = "devices.WantState", module = "devices"
    let thing: ThingName
    let shadow: String
    let desired: JSON
    /// The tenant that has the thing from now on.
    let org: OrgID?

    struct Reply: Codable, Sendable { let isAccepted: Bool }
}

extension Preparation where C.Target == Hub {
    /// Puts the hub's new circumstances into its `hub_state` shadow before they are stored; 502 when the link does not take them.
    static func hubState(_ desired: @escaping @Sendable (C, [Hub.Event]) -> JSON) -> Preparation {
        Preparation(answers: [.deviceUnreachable]) { plan, services in
            var after = plan.snapshot.state
            for event in plan.events { after.apply(event) }
            guard let thing = after.hardware?.thing else { return Outcome() }
            let want = WantState(thing: thing, shadow: "hub_state", desired: desired(plan.command, plan.events), org: after.organisation)
            guard try await services.bus.ask(want, trace: plan.request.trace, now: services.clock()).isAccepted else {
                throw Failure.deviceUnreachable("The device link did not take the change; nothing was stored.")
            }
            return Outcome()
        }
    }
}

extension DeviceDesk {
    func want(_ question: WantState) async throws -> WantState.Reply {
        try await turn(question.thing) {
            guard link.isUp() else { return WantState.Reply(isAccepted: false) }
            var desk = try await open(question.thing, question.shadow)
            let publications = try desk.shadow.update(["state": ["desired": question.desired]], at: services.clock())
            _ = try await services.store.run([
                try ThingTables.put(desk.shadow, question.thing, question.shadow),
                """
                INSERT INTO devices.things (name, org_id) VALUES (\(question.thing), \(optional: question.org))
                ON CONFLICT (name) DO UPDATE SET org_id = EXCLUDED.org_id
                """,
            ])
            do { try await publish(publications, question.thing, question.shadow) } catch is HubLink.Down {
                return WantState.Reply(isAccepted: false)
            }
            return WantState.Reply(isAccepted: true)
        }
    }
}
