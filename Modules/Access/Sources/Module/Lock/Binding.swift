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

    /// Hands the lock's thing over to another tenant. Noted before it moves, so that it finds its way back whatever happens then.
    static func handingOver(to org: @escaping @Sendable (C) -> OrgID) -> Preparation {
        Preparation { plan, services in
            let state = plan.snapshot.state, lock = LockID(state.number)
            _ = try await services.store.run([HandOvers.begun(lock, at: services.clock())])
            try await ask(BindThing(thing: state.thing, org: org(plan.command), isHandOver: true), plan, services)
            return Outcome(
                rows: [HandOvers.done(lock)],
                undo: {
                    // What cannot be handed back now is handed back later: the note stays.
                    let back = BindThing(thing: state.thing, org: state.org, isHandOver: true)
                    guard (try? await services.bus.ask(back, trace: plan.request.trace, now: services.clock())) != nil else { return true }
                    _ = try? await services.store.run([HandOvers.done(lock)])
                    return true
                })
        }
    }

    private static func bind(_ question: @escaping @Sendable (Plan) -> BindThing) -> Preparation {
        Preparation { plan, services in
            try await ask(question(plan), plan, services)
            return Outcome()
        }
    }

    private static func ask(_ question: BindThing, _ plan: Plan, _ services: Services) async throws {
        let reply = try await services.bus.ask(question, trace: plan.request.trace, now: services.clock())
        guard reply.isBound else { throw Failure.refused(.forbidden, code: nil, words: "The thing of this lock belongs to another tenant.") }
    }
}

extension Lock {
    /// The lock on the broker.
    var thing: ThingName { ThingName(uuid.text) }
}
