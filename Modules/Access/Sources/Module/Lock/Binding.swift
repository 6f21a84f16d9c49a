import Application
import DevicesContracts
import Kernel

/// Ties a thing to a tenant, or to a person, before that is stored: what somebody else holds is not taken over.
struct BindCall: ExternalCall {
    let thing: ThingName
    let org: OrgID?

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        try await BindThing(thing: thing, org: org).askFor(context.request, services)
        return .none
    }
}

/// Hands the lock's thing over to another tenant. Noted before it moves, so that it finds its way back whatever happens then.
struct HandOverCall: ExternalCall {
    let lock: LockID
    let thing: ThingName
    let from: OrgID?
    let to: OrgID

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        _ = try await services.store.run([HandOvers.begun(lock, at: services.clock())])
        try await BindThing(thing: thing, org: to, isHandOver: true).askFor(context.request, services)
        return .none
    }

    /// What cannot be handed back now is handed back later: the note stays.
    func undo(_ context: CallContext, _ services: Services) async -> Bool {
        let back = BindThing(thing: thing, org: from, isHandOver: true)
        guard (try? await services.bus.ask(back, trace: context.request.trace, now: services.clock())) != nil else { return true }
        _ = try? await services.store.run([HandOvers.done(lock)])
        return true
    }
}

extension BindThing {
    fileprivate func askFor(_ request: Request, _ services: Services) async throws {
        let reply = try await services.bus.ask(self, trace: request.trace, now: services.clock())
        guard reply.isBound else {
            throw RequestError.refused(.forbidden, code: nil, message: "The thing of this lock belongs to another tenant.")
        }
    }
}

extension Lock {
    /// The lock on the broker.
    var thing: ThingName { ThingName(uuid.text) }
}
