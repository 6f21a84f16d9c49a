import Application
import DevicesContracts
import Kernel

/// Binds a thing to a tenant or a user before the events are stored. A thing that is bound to someone else is not taken over.
struct BindCall: ExternalCall {
    let thing: ThingName
    let org: OrgID?

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        try await BindThing(thing: thing, org: org).askFor(context.request, services)
        return .none
    }
}

/// Transfers the lock's thing to another tenant. The transfer is noted first, so that it can be reverted whatever happens afterwards.
struct HandOverCall: ExternalCall {
    let lock: LockID
    let thing: ThingName
    let from: OrgID?
    let to: OrgID

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        _ = try await services.store.run([ThingTransfers.begun(lock, at: services.clock())])
        try await BindThing(thing: thing, org: to, isHandOver: true).askFor(context.request, services)
        return .none
    }

    /// Reverts the transfer. If that fails, the note stays and the transfer is reverted later.
    func undo(_ context: CallContext, _ services: Services) async -> Bool {
        let back = BindThing(thing: thing, org: from, isHandOver: true)
        guard (try? await services.bus.ask(back, trace: context.request.trace, now: services.clock())) != nil else { return true }
        _ = try? await services.store.run([ThingTransfers.done(lock)])
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
    /// The lock's thing at the broker.
    var thing: ThingName { ThingName(uuid.text) }
}
