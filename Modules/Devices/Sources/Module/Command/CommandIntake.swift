import Application
import DevicesContracts
import Kernel

/// Takes commands from other modules, stores them and publishes them to the device.
extension ThingRunner {
    func send(_ ask: SendCommand, _ context: AskContext) async throws -> SendCommand.Reply {
        let intake = try await take(ask, beside: nil, context)
        if intake.reply.outcome == .accepted, let matter = intake.matter { await unlockDoor(of: matter, beside: intake.command, context) }
        return intake.reply
    }

    /// The result of taking a command.
    struct Intake: Sendable {
        let reply: SendCommand.Reply
        let command: PendingCommand
        /// The Matter thing to open as well.
        let matter: ThingName?
    }

    /// - Parameter whole: the command that this one accompanies.
    func take(_ ask: SendCommand, beside whole: PendingCommand?, _ context: AskContext) async throws -> Intake {
        underWay.begin(ask.thing)
        defer { underWay.end(ask.thing) }
        return try await withThing(ask.thing) {
            var (arrival, state) = try await arrival(ask, beside: whole)
            let command = arrival.command(at: services.clocks)
            return try await withOpens(of: [command]) { others in
                let verdict = arrival.verdict(
                    beside: others[ask.action], isLinkUp: link.isUp(), isDelivered: delivered.contains(ask.action), context,
                    at: services.clocks)
                let isOffline = arrival.isOnline == false
                switch verdict {
                case .reply(let outcome):
                    let reply = SendCommand.Reply(outcome, isOffline: isOffline)
                    return Intake(reply: reply, command: arrival.known ?? command, matter: arrival.matter)
                case .offerAgain(let known):
                    let reply = try await offer(known, &state, isOffline, storing: nil)
                    return Intake(reply: reply, command: known, matter: arrival.matter)
                case .accept(let fresh, let isAnew):
                    let storing = Storing(isAnew: isAnew, fence: ask.fence, context: context)
                    return Intake(
                        reply: try await offer(fresh, &state, isOffline, storing: storing), command: fresh, matter: arrival.matter)
                }
            }
        }
    }

    /// Reads the state that a command depends on, but not the waiting commands, of which there may be many.
    private func arrival(_ ask: SendCommand, beside whole: PendingCommand?) async throws -> (Arrival, ThingState) {
        let opens = if case .unlock = ask.command { true } else { false }
        let rows = try await services.store.read(
            [
                ThingTables.shadow(ask.thing, ask.shadow), ThingTables.owner(ask.thing), ThingTables.presence(ask.thing),
                PendingCommand.find(ask.action), PendingCommand.openCount(for: ask.thing),
            ] + (opens ? [MatterDevicesView.standing(for: ask.thing)] : []))
        let owner = try ThingOwner(rows[1].first), known = try rows[3].first.map { try PendingCommand($0) }
        let arrival = Arrival(
            ask: ask, whole: whole, owner: owner, isOnline: try rows[2].first?.find("online"), known: known,
            matter: opens ? try rows[5].first?.find("thing", as: String.self).map { ThingName($0) } : nil,
            waiting: try rows[4][0].read("waiting"))
        let state = ThingState(
            thing: ask.thing, shadowName: ask.shadow, shadow: try ThingTables.read(rows[0].first), owner: owner, commands: [], fallen: [],
            withheld: [], named: known, shadowCount: 0, others: [:])
        return (arrival, state)
    }

    /// How to store a command that is not stored yet.
    private struct Storing {
        let isAnew: Bool
        let fence: Fence?
        let context: AskContext
    }

    /// Stores the command in the slot, then publishes it. A command that certainly was not sent is ended at once.
    private func offer(_ command: PendingCommand, _ state: inout ThingState, _ isOffline: Bool, storing: Storing?) async throws
        -> SendCommand.Reply
    {
        // The right of a command that has waited may have ended meanwhile; the next load of the thing then ends the command.
        guard let command = storing == nil ? await held(command) : command else {
            return SendCommand.Reply(.accepted, isOffline: isOffline)
        }
        let now = services.clocks, actions = try state.handle(.show(command), at: now)
        let slot = try ThingTables.rows(of: actions, state, at: now.moment)
        services.crashes.reach(.beforeCommit, in: services.module)
        if let storing {
            guard try await store(command, slot, storing) else { return SendCommand.Reply(.outdated) }
            delivered.forget(command.action)
        } else {
            _ = try await services.store.run(slot)
        }
        state.isStored()
        services.crashes.reach(.afterCommit, in: services.module)
        // Storing may have taken longer than a check of the right stays valid.
        guard let command = await held(command) else { return SendCommand.Reply(.unknown, isOffline: isOffline) }
        do {
            services.crashes.reach(.beforePublish, in: services.module)
            try await publish(actions, about: command, command.shadow)
            return SendCommand.Reply(.accepted, isOffline: isOffline)
        } catch is HubLink.Down where storing == nil {
            return SendCommand.Reply(.unknown, isOffline: isOffline)  // it may have been sent before
        } catch is HubLink.Down {
            let now = services.clocks, end = try state.handle(.takeBack(command), at: now)
            _ = try await services.store.run(try ThingTables.rows(of: end, state, at: now.moment))
            return SendCommand.Reply(.unreachable)
        } catch is HubLink.Unknown {
            // It stays stored and is offered again while it lives, as the same message, which a device that has it recognises.
            return SendCommand.Reply(.unknown, isOffline: isOffline)
        }
    }

    /// Publishes a command and the document that shows it while the thing is locked, so that an older document never follows a newer one.
    /// - Throws: `HubLink.Down`, `HubLink.Unknown` for the command itself; the command counts as sent whether or not the document is taken.
    private func publish(_ actions: [ThingState.Action], about command: PendingCommand, _ shadow: String) async throws {
        for case .publish(let message, _) in actions {
            guard message.isDelta else {
                _ = try? await publish(message, about: command, command.thing, shadow)
                continue
            }
            let delivery = try await publish(message, about: command, command.thing, shadow)
            services.crashes.reach(.afterAcknowledgement, in: services.module)
            if delivery == .taken { delivered.note(command.action) }
        }
    }

    /// Returns false when the state that the decision relied on has changed.
    private func store(_ command: PendingCommand, _ slot: [SQL], _ storing: Storing) async throws -> Bool {
        let condition = storing.fence.map(services.store.holds) ?? "TRUE"
        let note = ThingTables.note(.command, command.slot(at: services.clocks), command.thing, at: command.createdAt)
        do {
            try await services.store.commit(
                Commit(
                    rows: (storing.isAnew ? [PendingCommand.forgetWithdrawn(command.action)] : [])
                        + [try command.insert(deadline: storing.context.deadline, while: condition)] + slot + [note],
                    trace: storing.context.trace))
            return true
        } catch CommitFailure.violated(let check) where check.contains("premise_held") {
            return false
        } catch CommitFailure.violated {
            throw AskFailure.timedOut(name: SendCommand.name)
        }
    }
}
