import DevicesContracts
import Kernel

/// Commands of other modules on their way into the store and out to the device.
extension ThingRunner {
    /// How many commands may wait for one thing; removals always may.
    private static let mostWaiting = 1_000

    func send(_ ask: SendCommand, _ context: AskContext) async throws -> SendCommand.Reply {
        let (reply, command, matter) = try await hand(over: ask, context)
        if reply.outcome == .accepted, let matter { await unlockDoor(of: matter, beside: command, context) }
        return reply
    }

    typealias HandOver = (reply: SendCommand.Reply, command: PendingCommand, matter: ThingName?)

    /// Answers also the command, and the Matter thing that is to open too.
    /// - Parameter whole: the command beside which this one is sent.
    @discardableResult
    func hand(over ask: SendCommand, beside whole: PendingCommand? = nil, _ context: AskContext) async throws -> HandOver {
        underWay.begin(ask.thing)
        defer { underWay.end(ask.thing) }
        return try await withThing(ask.thing) {
            var place = try await place(for: ask)
            let isOffline = place.isOnline == false, matter = place.matter
            let fresh = command(ask, beside: whole, place, matter)
            return try await withOpens(of: [fresh]) { others in
                // The open may have ended before its second command was handed over.
                guard whole == nil || others[fresh.action]?.isOpen == true else {
                    return (SendCommand.Reply(.accepted, isOffline: isOffline), fresh, nil)
                }
                if let known = place.named, !known.wasGivenUp(before: context) {
                    return (try await repeated(known, ask, &place.shadow, isOffline), known, matter)
                }
                guard place.named.map({ $0.thing == ask.thing }) ?? true, place.owner.belongs(to: ask.org) else {
                    return (SendCommand.Reply(.foreign), fresh, nil)
                }
                guard place.waiting < Self.mostWaiting || ask.command == PendingCommand.removal else {
                    return (SendCommand.Reply(.full), fresh, nil)
                }
                // Its right has ended, or its life, while it was on its way here.
                guard fresh.isLive(at: services.clocks) else { return (SendCommand.Reply(.outdated), fresh, nil) }
                guard link.isUp() else { return (SendCommand.Reply(.unreachable), fresh, nil) }
                let storing = Storing(isAnew: place.named != nil, fence: ask.fence, context: context)
                return (try await offer(fresh, &place.shadow, isOffline, storing: storing), fresh, matter)
            }
        }
    }

    /// What a hand-over needs to know of a thing; not the commands that wait, of which there may be many.
    private struct Place {
        var shadow: Shadow
        let owner: Owner
        let isOnline: Bool?
        let named: PendingCommand?
        /// The thing of the Matter device that is to open too; looked for only where something is to open.
        let matter: ThingName?
        let waiting: Int
    }

    private func place(for ask: SendCommand) async throws -> Place {
        let rows = try await services.store.read(
            [
                ThingTables.shadow(ask.thing, ask.shadow), ThingTables.owner(ask.thing), ThingTables.presence(ask.thing),
                PendingCommand.find(ask.action),
                PendingCommand.openCount(for: ask.thing),
            ] + (ask.command == PendingCommand.unlock ? [MatterDevicesView.standing(for: ask.thing)] : []))
        return Place(
            shadow: try ThingTables.read(rows[0].first), owner: try Self.owner(of: rows[1].first),
            isOnline: try rows[2].first?.find("online", as: Bool.self),
            named: try rows[3].first.map { try PendingCommand($0) },
            matter: rows.count > 5 ? try rows[5].first?.find("thing", as: String.self).map { ThingName($0) } : nil,
            waiting: Int(try rows[4].first?.find("waiting", as: Int64.self) ?? 0))
    }

    /// A command lives no longer than the right that it rests on.
    private func command(_ ask: SendCommand, beside whole: PendingCommand?, _ place: Place, _ matter: ThingName?) -> PendingCommand {
        let now = services.clocks, end = ask.lifetime.map { now.moment + .milliseconds($0) }
        let expiry = [end, ask.premise?.endsAt].compactMap(\.self).min()
        return PendingCommand(
            action: ask.action, thing: ask.thing, shadow: ask.shadow, command: ask.command, args: ask.args,
            expiresAt: whole?.expiresAt ?? expiry,
            context: ask.context, org: ask.org ?? place.owner.org, createdAt: whole?.createdAt ?? now.moment, stage: .accepted,
            uptime: whole?.uptime ?? now.uptime, premise: ask.premise, partOf: whole?.action ?? matter.map { _ in ask.action })
    }

    private func repeated(_ known: PendingCommand, _ ask: SendCommand, _ shadow: inout Shadow, _ isOffline: Bool) async throws
        -> SendCommand.Reply
    {
        guard known.thing == ask.thing else { return SendCommand.Reply(.foreign) }
        if known.neverLeft { return SendCommand.Reply(.unreachable, isOffline: isOffline) }
        // What was taken back may have left before: its action tells.
        if known.stage == .withdrawn, !known.wasLate { return SendCommand.Reply(.unknown, isOffline: isOffline) }
        // Whoever stored it may have died before it went out; a device that has it knows it by its message id.
        if known.stage == .accepted, !delivered.contains(known.action), known.isLive(at: services.clocks), let held = await held(known) {
            return try await offer(held, &shadow, isOffline, storing: nil)
        }
        return SendCommand.Reply(.accepted, isOffline: isOffline)
    }

    /// How a command is stored that is not stored yet.
    private struct Storing {
        let isAnew: Bool
        let fence: Fence?
        let context: AskContext
    }

    /// Stores the command in the slot, then hands it to the link; what has certainly not left is ended at once.
    private func offer(_ command: PendingCommand, _ shadow: inout Shadow, _ isOffline: Bool, storing: Storing?) async throws
        -> SendCommand.Reply
    {
        let now = services.clocks, publications = shadow.replaceDesired(with: command.slot(at: now), hidesPrevious: true, at: now.moment)
        services.crashes.reach(.beforeCommit, in: services.module)
        if let storing {
            guard try await store(command, shadow, storing) else { return SendCommand.Reply(.outdated) }
            delivered.forget(command.action)
        } else {
            _ = try await services.store.run([try ThingTables.put(shadow, command.thing, command.shadow)])
        }
        services.crashes.reach(.afterCommit, in: services.module)
        // Storing may have taken longer than a look at its right is good for.
        guard let command = await held(command) else { return SendCommand.Reply(.unknown, isOffline: isOffline) }
        do {
            services.crashes.reach(.beforePublish, in: services.module)
            // The device's own message first: the documents are for those who watch.
            let delta = publications.filter { $0.tail == "update/delta" }, documents = publications.filter { $0.tail == "update/documents" }
            let delivery = try await publish(delta, command.thing, command.shadow, for: command)
            services.crashes.reach(.afterAcknowledgement, in: services.module)
            if delivery == .taken { delivered.note(command.action) }
            // While the thing is locked, so that nobody sees an older document after a newer one; the command is out whether they are taken or not.
            _ = try? await publish(documents, command.thing, command.shadow, for: command)
            return SendCommand.Reply(.accepted, isOffline: isOffline)
        } catch is HubLink.Down where storing == nil {
            return SendCommand.Reply(.unknown, isOffline: isOffline)  // it may have left before
        } catch is HubLink.Down {
            try await takeBack(command, shadow)
            return SendCommand.Reply(.unreachable)
        } catch is HubLink.Unknown {
            // It stays, and is offered again while it lives: as the same message, which a device that has it knows.
            return SendCommand.Reply(.unknown, isOffline: isOffline)
        }
    }

    /// False when what the decision relied on has changed.
    private func store(_ command: PendingCommand, _ shadow: Shadow, _ storing: Storing) async throws -> Bool {
        let condition = storing.fence.map(services.store.holds) ?? "TRUE"
        do {
            try await services.store.commit(
                Commit(
                    rows: (storing.isAnew ? [PendingCommand.forgetWithdrawn(command.action)] : []) + [
                        command.insert(deadline: storing.context.deadline, while: condition),
                        try ThingTables.put(shadow, command.thing, command.shadow),
                        ThingTables.note(.command, command.slot(at: services.clocks), command.thing, at: command.createdAt),
                    ], trace: storing.context.trace))
            return true
        } catch CommitFailure.violated(let check) where check.contains("premise_held") {
            return false
        } catch CommitFailure.violated {
            throw AskFailure.timedOut(name: SendCommand.name)
        }
    }

    /// Ends a command that the link did not take: it must not come out later.
    private func takeBack(_ command: PendingCommand, _ shadow: Shadow) async throws {
        var shadow = shadow
        let now = services.clock()
        shadow.isStored()
        _ = shadow.replaceDesired(with: .null, at: now)
        _ = try await services.store.run([
            command.finish(.withdrawn, error: PendingCommand.notTaken, at: now), try ThingTables.put(shadow, command.thing, command.shadow),
        ])
    }
}
