import Application
import DevicesContracts
import Kernel

/// Ends commands without an answer of their device.
extension ThingRunner {
    /// Withdraws a command; returns whether it may have reached a device before.
    func withdraw(_ question: WithdrawCommand, _ trace: Trace) async throws -> Bool {
        let part = doorPart(of: question.action)
        let (matter, mayHaveLeft) = try await withThing(question.thing) {
            let matter = try await matterDevice(of: question.thing)
            let left = try await withdraw([question.action] + (matter == question.thing ? [part] : []), question.thing, trace)
            return (matter, left)
        }
        guard let matter, matter != question.thing else { return mayHaveLeft }
        let other = try await withThing(matter) { try await withdraw([part], matter, trace) }
        return mayHaveLeft || other
    }

    /// Returns the thing of the Matter device that represents a lock.
    private func matterDevice(of thing: ThingName) async throws -> ThingName? {
        try await services.store.query(MatterDevicesView.standing(for: thing)).first?.find("thing", as: String.self).map { ThingName($0) }
    }

    /// Withdraws the actions together, so that none is offered again because another has ended.
    private func withdraw(_ actions: [ActionID], _ thing: ThingName, _ trace: Trace) async throws -> Bool {
        let rows = try await services.store.read(actions.map { PendingCommand.find($0) })
        let known = try rows.compactMap { try $0.first.map { try PendingCommand($0) } }
        for action in actions where !known.contains(where: { $0.action == action }) { try await bar(action, thing) }
        let open = known.filter { $0.isOpen && $0.thing == thing }
        if let shadow = open.first?.shadow {
            try await handle(.end(Set(open.map(\.action)), .withdrawn, error: nil), of: thing, shadow, trace)
        }
        // A stored command may have been published right after, even if a process died in between.
        return known.contains { !$0.neverLeft }
    }

    /// Stores an ended command in the place of one that is still on its way here, which is then already withdrawn when it arrives.
    private func bar(_ action: ActionID, _ thing: ThingName) async throws {
        let now = services.clock(), command = PendingCommand.bar(action, thing, at: now)
        _ = try await services.store.run([
            try command.insert(deadline: Timestamp(milliseconds: .max)), command.finish(.withdrawn, error: nil, at: now),
        ])
    }

    /// Ends the expired commands of a thing. Called by the timer and before the link opens.
    func expire(_ thing: ThingName) async throws {
        try await withThing(thing) {
            for shadow in PendingCommand.shadows {
                try await handle(.expire, of: thing, shadow, Trace(correlation: "expiry", causation: nil))
            }
        }
    }
}
