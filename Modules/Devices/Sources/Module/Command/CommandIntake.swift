import Application
import DevicesContracts
import Kernel

/// Takes commands from other modules, stores them and publishes them to the device.
extension ThingRunner {
    func send(_ ask: SendCommand, _ context: AskContext) async throws -> SendCommand.Reply {
        // The end of a right waits for both commands of an open: between them none may seem to be under way.
        try await underWay.during {
            let intake = try await take(ask, beside: nil, context)
            if intake.reply.outcome == .accepted, let matter = intake.matter {
                await unlockDoor(of: matter, beside: intake.command, context)
            }
            return intake.reply
        }
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
        try await withThing(ask.thing) {
            if let remembered = memory.find(ask.thing, ask.shadow) {
                let arrival = Arrival(ask: ask, whole: whole, stored: remembered, known: nil)
                // Whether it is outdated, or the command known already, shows when the command is stored: then all of it is read.
                do { if let intake = try await take(arrival, isRemembered: true, context) { return intake } } catch is CommitFailure {}
            }
            let lost = AskFailure.timedOut(name: SendCommand.name)
            do {
                return try await onCurrent {
                    guard let intake = try await take(try await arrival(ask, beside: whole), isRemembered: false, context) else {
                        throw lost
                    }
                    return intake
                }
            } catch is CommitFailure {
                throw lost
            }
        }
    }

    private func arrival(_ ask: SendCommand, beside whole: PendingCommand?) async throws -> Arrival {
        let rows = try await services.store.read(StoredThing.queries(ask.thing, ask.shadow) + [PendingCommand.find(ask.action)])
        let stored = try StoredThing(rows.dropLast(), ask.shadow, services.log)
        shares.note(stored.owner, of: ask.thing)
        return Arrival(ask: ask, whole: whole, stored: stored, known: try rows.last?.first.map { try PendingCommand($0) })
    }

    /// - Parameter isRemembered: whether the thing may be outdated; then only an acceptance counts, and nil is returned otherwise.
    private func take(_ arrival: Arrival, isRemembered: Bool, _ context: AskContext) async throws -> Intake? {
        let command = arrival.command(at: services.clocks), isOffline = arrival.stored.isOnline == false
        return try await withOpens(of: [command]) { others in
            let verdict = arrival.verdict(
                beside: others[arrival.ask.action], isLinkUp: link.isUp(), isDelivered: delivered.contains(arrival.ask.action), context,
                at: services.clocks)
            switch verdict {
            case .accept(let fresh, let isAnew):
                let storing = Storing(isAnew: isAnew, fence: arrival.ask.fence, context: context)
                return Intake(reply: try await offer(fresh, of: arrival.stored, storing: storing), command: fresh, matter: arrival.matter)
            case .reply where isRemembered, .offerAgain where isRemembered: return nil
            case .offerAgain(let known):
                return Intake(reply: try await offer(known, of: arrival.stored, storing: nil), command: known, matter: arrival.matter)
            case .reply(let outcome):
                let reply = SendCommand.Reply(outcome, isOffline: isOffline)
                return Intake(reply: reply, command: arrival.known ?? command, matter: arrival.matter)
            }
        }
    }

    /// How to store a command that is not stored yet.
    private struct Storing {
        let isAnew: Bool
        let fence: Fence?
        let context: AskContext
    }

    /// Stores the command in the slot, then publishes it. A command that certainly was not sent is ended at once.
    private func offer(_ command: PendingCommand, of stored: StoredThing, storing: Storing?) async throws -> SendCommand.Reply {
        let isOffline = stored.isOnline == false
        // The right of a command that has waited may have ended meanwhile; the next load of the thing then ends the command.
        guard let command = storing == nil ? await held(command) : command else {
            return SendCommand.Reply(.accepted, isOffline: isOffline)
        }
        // Without the commands that wait, of which there may be many: this one is shown whatever the slot has shown.
        var state = ThingState(
            thing: command.thing, shadowName: command.shadow, shadow: stored.shadow, owner: stored.owner, commands: [], fallen: [],
            withheld: [], named: nil, shadowCount: 0, others: [:])
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
        remember(stored, after: actions, adding: storing == nil ? nil : command, of: command.thing)
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
            memory.forget(command.thing)
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

    /// Returns false when the state that the decision relied on has changed. Throws `CommitFailure` when the thing has.
    private func store(_ command: PendingCommand, _ slot: [SQL], _ storing: Storing) async throws -> Bool {
        let condition = storing.fence.map(services.store.holds) ?? "TRUE"
        let note = MessageLog.add(.command(command, at: services.clocks), of: command.thing, at: command.createdAt)
        do {
            try await services.store.commit(
                Commit(
                    // What can be merged with the rows of other commits comes first.
                    rows: slot + [note] + (storing.isAnew ? [PendingCommand.forgetWithdrawn(command.action)] : [])
                        + [try command.insert(deadline: storing.context.deadline, while: condition)],
                    trace: storing.context.trace))
            return true
        } catch CommitFailure.violated(let check) where check.contains("premise_held") {
            return false
        } catch CommitFailure.violated(let check) where check.contains("accepted_in_time") {
            throw AskFailure.timedOut(name: SendCommand.name)
        }
    }
}
