import DevicesContracts
import Kernel

/// Works on one thing at a time: what a request or a message means is decided by values, stored, and only then published.
struct DeviceDesk: Sendable {
    let services: Services
    let link: HubLink

    /// The thing as it is stored.
    struct Desk {
        var shadow: Shadow
        var commands: [PendingCommand]
        let owner: OrgID?
        let isBound: Bool
        /// The hub whose claim has bound it.
        let hub: Hub.ID?
        /// Nil while the thing has never said.
        let isOnline: Bool?
        /// The command that was asked for by its id.
        let named: PendingCommand?
        /// The thing of the Matter device that stands for this one.
        let matter: ThingName?
    }

    func open(_ thing: ThingName, _ shadow: String?, naming action: ActionID? = nil) async throws -> Desk {
        let rows = try await services.store.read([
            ThingTables.shadow(thing, shadow), PendingCommand.open(for: thing), ThingTables.owner(thing), ThingTables.presence(thing),
            PendingCommand.find(action ?? ""), MatterDevicesView.standing(for: thing),
        ])
        return Desk(
            shadow: try ThingTables.read(rows[0].first), commands: rows[1].compactMap(PendingCommand.init), owner: rows[2].first?.text("org_id").map { OrgID($0) },
            isBound: !rows[2].isEmpty, hub: rows[2].first?.text("by_hub").map { Hub.ID($0) }, isOnline: rows[3].first?.bool("online"),
            named: rows[4].first.flatMap(PendingCommand.init),
            matter: rows[5].first?.text("thing").map { ThingName($0) })
    }

    func turn<Result>(_ thing: ThingName, _ body: () async throws -> Result) async throws -> Result {
        let turn = try await services.store.turn(StreamName("thing", thing.text))
        defer { turn.end() }
        return try await body()
    }

    /// Publishes in order. Messages about a command are dropped by the broker when the command has expired.
    @discardableResult
    func publish(_ publications: [Shadow.Publication], _ thing: ThingName, _ shadow: String?, until expiry: Moment? = nil) async throws -> HubLink.Delivery {
        var last = HubLink.Delivery.unheard
        for publication in publications {
            if let expiry, expiry <= services.clock() { return .unheard }
            last = try await link.publish(
                HubLink.Outbound(
                    thing: thing, shadow: shadow, tail: publication.tail, payload: publication.payload.bytes,
                    lifetime: expiry.map { $0.since(services.clock()) }))
        }
        return last
    }
}

// MARK: - Commands of other modules

extension DeviceDesk {
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
        try await turn(ask.thing) {
            let now = services.clock()
            var desk = try await open(ask.thing, ask.shadow, naming: ask.action)
            let isOffline = desk.isOnline == false, matter = ask.command == PendingCommand.unlock ? desk.matter : nil
            let fresh = PendingCommand(
                action: ask.action, thing: ask.thing, shadow: ask.shadow, command: ask.command, args: ask.args,
                expiresAt: whole?.expiresAt ?? ask.lifetime.map { now + .milliseconds($0) }, context: ask.context, org: ask.org ?? desk.owner, createdAt: now,
                stage: .accepted, partOf: whole?.action ?? matter.map { _ in ask.action })
            return try await withOpens(of: [fresh]) { others in
                // The open may have ended before its second command was handed over.
                guard whole == nil || others[fresh.action]?.isOpen == true else { return (SendCommand.Reply(.accepted, isOffline: isOffline), fresh, nil) }
                if let known = desk.named, !known.wasGivenUp(before: context) { return (try await repeated(known, ask, &desk, isOffline), known, matter) }
                guard desk.named.map({ $0.thing == ask.thing }) ?? true else { return (SendCommand.Reply(.foreign), fresh, nil) }
                if let org = ask.org, desk.isBound, desk.owner != org { return (SendCommand.Reply(.foreign), fresh, nil) }
                guard link.isUp() else { return (SendCommand.Reply(.unreachable), fresh, nil) }
                return (try await offer(fresh, &desk, isOffline, inserting: context), fresh, matter)
            }
        }
    }

    private func repeated(_ known: PendingCommand, _ ask: SendCommand, _ desk: inout Desk, _ isOffline: Bool) async throws -> SendCommand.Reply {
        guard known.thing == ask.thing else { return SendCommand.Reply(.foreign) }
        // One that the device has carried out all the same is done.
        guard known.stage != .withdrawn || known.wasLate else { return SendCommand.Reply(.unreachable, isOffline: isOffline) }
        // Whoever stored it may have died before it went out; a device that has it knows it by its message id.
        if known.stage == .accepted, known.isLive(at: services.clock()) { return try await offer(known, &desk, isOffline) }
        return SendCommand.Reply(.accepted, isOffline: isOffline)
    }

    /// Stores the command in the slot, then hands it to the link; what the link does not take is ended at once.
    /// - Parameter context: of a command that is not stored yet; nil for one that is.
    private func offer(_ command: PendingCommand, _ desk: inout Desk, _ isOffline: Bool, inserting context: AskContext? = nil) async throws -> SendCommand.Reply {
        let now = services.clock(), publications = desk.shadow.replaceDesired(with: command.slot(at: now), at: now)
        services.crashes.reach(.beforeCommit, in: services.module)
        if let context {
            try await store(command, desk.shadow, isAnew: desk.named != nil, context)
        } else {
            _ = try await services.store.run([try ThingTables.put(desk.shadow, command.thing, command.shadow)])
        }
        services.crashes.reach(.afterCommit, in: services.module)
        do {
            services.crashes.reach(.beforePublish, in: services.module)
            // The device's own message first: the documents are for those who watch.
            let delta = publications.filter { $0.tail == "update/delta" }, documents = publications.filter { $0.tail == "update/documents" }
            let delivery = try await publish(delta, command.thing, command.shadow, until: command.expiresAt)
            services.crashes.reach(.afterAcknowledgement, in: services.module)
            if delivery == .taken { Task { _ = try? await services.store.run([PendingCommand.delivered(command.action)]) } }
            // Within the turn, so that nobody sees an older document after a newer one; the command is out whether they are taken or not.
            _ = try? await publish(documents, command.thing, command.shadow, until: command.expiresAt)
            return SendCommand.Reply(.accepted, isOffline: isOffline)
        } catch is HubLink.Down {
            try await takeBack(command, desk.shadow)
            return SendCommand.Reply(.unreachable)
        }
    }

    private func store(_ command: PendingCommand, _ shadow: Shadow, isAnew: Bool, _ context: AskContext) async throws {
        do {
            try await services.store.commit(
                Commit(
                    rows: (isAnew ? [PendingCommand.forgetWithdrawn(command.action)] : []) + [
                        command.insert(deadline: context.deadline),
                        try ThingTables.put(shadow, command.thing, command.shadow),
                        ThingTables.note(.command, command.slot(at: command.createdAt), command.thing, at: command.createdAt),
                    ], trace: context.trace))
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
            command.finish(.withdrawn, error: "the link did not take it", at: now), try ThingTables.put(shadow, command.thing, command.shadow),
        ])
    }

    func withdraw(_ question: WithdrawCommand, _ trace: Trace) async throws {
        let part = doorPart(of: question.action)
        let matter = try await turn(question.thing) {
            let desk = try await open(question.thing, nil)
            try await withdraw([question.action] + (desk.matter == question.thing ? [part] : []), question.thing, trace)
            return desk.matter
        }
        guard let matter, matter != question.thing else { return }
        try await turn(matter) { try await withdraw([part], matter, trace) }
    }

    /// Together, so that none is offered again because another has gone.
    private func withdraw(_ actions: [ActionID], _ thing: ThingName, _ trace: Trace) async throws {
        var ends: [End] = []
        for action in actions {
            guard let command = try await services.store.query(PendingCommand.find(action)).first.flatMap(PendingCommand.init) else {
                try await bar(action, thing)
                continue
            }
            if command.isOpen, command.thing == thing { ends.append((command, .withdrawn, nil)) }
        }
        guard let shadow = ends.first?.command.shadow else { return }
        try await end(ends, try await open(thing, shadow), thing, shadow, trace)
    }

    /// Leaves an ended command in the place of one that is still on its way here: it finds itself withdrawn when it comes.
    private func bar(_ action: ActionID, _ thing: ThingName) async throws {
        let now = services.clock()
        let command = PendingCommand(
            action: action, thing: thing, shadow: "command", command: "withdrawn", args: [:], expiresAt: nil, context: .null, org: nil,
            createdAt: now, stage: .withdrawn)
        _ = try await services.store.run([command.insert(deadline: Moment(milliseconds: .max)), command.finish(.withdrawn, error: nil, at: now)])
    }

    typealias End = (command: PendingCommand, outcome: CommandFinished.Outcome, error: String?)

    /// Ends commands, offers the next one in the slot, tells who asked for them.
    func end(_ ends: [End], _ desk: Desk, _ thing: ThingName, _ shadow: String, _ trace: Trace) async throws {
        try await withOpens(of: ends.map(\.command)) { others in
            let now = services.clock(), ended = Set(ends.map(\.command.action))
            var shadowNow = desk.shadow
            var rows = ends.map { $0.command.finish(PendingCommand.Stage($0.outcome), error: $0.error, at: now) }
            let messages = try Self.told(ends, others, at: now).map { try Commit.Posting($0, at: now) }
            let next = PendingCommand.next(of: desk.commands.filter { !ended.contains($0.action) && $0.shadow == shadow }, at: now)
            let publications = shadowNow.replaceDesired(with: next?.slot(at: now) ?? .null, hidesPrevious: true, at: now)
            rows.append(try ThingTables.put(shadowNow, thing, shadow))
            try await services.store.commit(Commit(rows: rows, messages: messages, trace: trace))
            _ = try? await publish(publications.filter { $0.tail != "update/accepted" }, thing, shadow, until: next?.expiresAt)
        }
    }

    /// What is told of commands that end together: of the two of an open no more than one.
    private static func told(_ ends: [End], _ others: Others, at now: Moment) -> [CommandFinished] {
        var others = others, told: [CommandFinished] = []
        for (command, outcome, error) in ends {
            let other = others[command.action]
            if PendingCommand.endsAction(outcome, beside: other) { told.append(command.finished(outcome, error: error, at: now)) }
            if let other { others[other.action]?.stage = PendingCommand.Stage(outcome) }
        }
        return told
    }

    /// Ends what has expired on a thing. Called by the clock and before the link opens.
    func expire(_ thing: ThingName) async throws {
        try await turn(thing) {
            for shadow in ["command", "hub_command"] {
                let desk = try await open(thing, shadow), now = services.clock()
                let over = desk.commands.filter { $0.shadow == shadow && !$0.isLive(at: now) }
                guard !over.isEmpty else { continue }
                try await end(over.map { ($0, .expired, "the device did not answer in time") }, desk, thing, shadow, Trace(correlation: "expiry", causation: nil))
            }
        }
    }
}

extension PendingCommand.Stage {
    init(_ outcome: CommandFinished.Outcome) {
        switch outcome {
        case .succeeded: self = .succeeded
        case .failed: self = .failed
        case .expired: self = .expired
        case .withdrawn: self = .withdrawn
        }
    }
}
