import DevicesContracts
import Kernel

extension Preparation where C.Target == Lock {
    /// Ties the lock's thing to the tenant before the lock exists: what another tenant holds is not taken over.
    static func binding(_ thing: @escaping @Sendable (C) -> UUIDText) -> Preparation {
        bind { plan in BindThing(thing: ThingName(thing(plan.command).text), org: plan.request.caller.org) }
    }

    /// Ties another thing to the lock's tenant.
    static func bindingNew(_ thing: @escaping @Sendable (C) -> UUIDText) -> Preparation {
        bind { plan in BindThing(thing: ThingName(thing(plan.command).text), org: plan.snapshot.state.org) }
    }

    /// Hands the lock's thing over to another tenant.
    static func handingOver(to org: @escaping @Sendable (C) -> OrgID) -> Preparation {
        bind { plan in
            BindThing(thing: plan.snapshot.state.thing, org: org(plan.command), isHandOver: true)
        } undo: { plan in
            BindThing(thing: plan.snapshot.state.thing, org: plan.snapshot.state.org, isHandOver: true)
        }
    }

    private static func bind(
        _ question: @escaping @Sendable (Plan) -> BindThing, undo: (@Sendable (Plan) -> BindThing)? = nil
    ) -> Preparation {
        Preparation { plan, services in
            let reply = try await services.bus.ask(question(plan), trace: plan.request.trace, now: services.clock())
            guard reply.isBound else {
                throw Failure.refused(.forbidden, code: nil, words: "The thing of this lock belongs to another tenant.")
            }
            guard let back = undo?(plan) else { return Outcome() }
            return Outcome(undo: { _ = try? await services.bus.ask(back, trace: plan.request.trace, now: services.clock()) })
        }
    }
}

extension Lock {
    /// The lock on the broker.
    var thing: ThingName { ThingName(uuid.text) }
}
