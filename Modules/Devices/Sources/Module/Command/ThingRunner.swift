import DevicesContracts
import Kernel

/// Works on one thing at a time: what a request or a message means is decided by values, stored, and only then published.
struct ThingRunner: Sendable {
    let services: Services
    let link: HubLink
    /// Things that a command is being stored for at this moment.
    let underWay = ThingsUnderWay()
    /// Commands that the link has taken.
    var delivered = DeliveredCommands()
    /// Whose the things are that were met.
    let shares = SharesOfThings()

    /// The thing as it is stored.
    struct ThingRecord {
        var shadow: Shadow
        /// The open commands; those whose right has ended, or could not be confirmed now, are left out.
        var commands: [PendingCommand]
        let owner: Owner
        /// Nil while the thing has never said.
        let isOnline: Bool?
        /// The command that was asked for by its id.
        let named: PendingCommand?
    }

    /// Who has a thing: at most one tenant or person. Nobody is not everybody: nobody's things take no command.
    enum Owner: Equatable {
        case tenant(OrgID, hub: Hub.ID?)
        case person
        /// Registered with a hub that nobody has claimed.
        case unclaimed(Hub.ID)
        case nobody

        /// - Parameter org: a tenant; nil for a person.
        func belongs(to org: OrgID?) -> Bool {
            switch (self, org) {
            case (.tenant(let own, _), let org?): own == org
            case (.person, nil): true
            default: false
            }
        }

        var org: OrgID? { if case .tenant(let org, _) = self { org } else { nil } }
        var hub: Hub.ID? {
            switch self {
            case .tenant(_, let hub): hub
            case .unclaimed(let hub): hub
            case .person, .nobody: nil
            }
        }
    }

    static func owner(of row: Row?) throws(RowDecodingError) -> Owner {
        guard let row else { return .nobody }
        let hub = try row.find("hub_id", as: Hub.ID.self)
        if let org = try row.find("org_id", as: OrgID.self) { return .tenant(org, hub: hub) }
        return hub.map { .unclaimed($0) } ?? .person
    }

    func open(_ thing: ThingName, _ shadow: String?, naming action: ActionID? = nil) async throws -> ThingRecord {
        let rows = try await services.store.read([
            ThingTables.shadow(thing, shadow), PendingCommand.open(for: thing), ThingTables.owner(thing), ThingTables.presence(thing),
            PendingCommand.find(action ?? ""),
        ])
        let named = try rows[4].first.map { try PendingCommand($0) }
        let commands = try await standing(rows[1].map { try PendingCommand($0) }, but: named?.action),
            owner = try Self.owner(of: rows[2].first)
        shares.note(owner, of: thing)
        return ThingRecord(
            shadow: try ThingTables.read(rows[0].first), commands: commands, owner: owner,
            isOnline: try rows[3].first?.find("online", as: Bool.self),
            named: named)
    }

    func withThing<Result>(_ thing: ThingName, _ body: () async throws -> Result) async throws -> Result {
        let streamLock = try await services.store.lockStream(StreamName("thing", thing.text))
        defer { streamLock.release() }
        return try await body()
    }

    /// Publishes in order. Messages about a command are not sent once it is over or its right was looked at too long ago, and
    /// dropped by the broker when it comes to be over.
    @discardableResult
    func publish(_ publications: [Shadow.Publication], _ thing: ThingName, _ shadow: String?, for command: PendingCommand? = nil)
        async throws -> HubLink.Delivery
    {
        var last = HubLink.Delivery.unheard
        for publication in publications {
            let left = command?.left(at: services.clocks)
            if let left, left <= .zero { return .unheard }
            if let command, !command.isFresh(at: services.clocks) { return .unheard }
            last = try await link.publish(
                HubLink.Outbound(thing: thing, shadow: shadow, tail: publication.tail, payload: publication.payload.bytes, lifetime: left))
        }
        return last
    }
}

// MARK: - The ends of commands

extension ThingRunner {
    /// Takes a command back; answers whether it may have reached a device before.
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

    /// The thing of the Matter device that stands for a lock.
    private func matterDevice(of thing: ThingName) async throws -> ThingName? {
        try await services.store.query(MatterDevicesView.standing(for: thing)).first?.find("thing", as: String.self).map { ThingName($0) }
    }

    /// Together, so that none is offered again because another has gone.
    private func withdraw(_ actions: [ActionID], _ thing: ThingName, _ trace: Trace) async throws -> Bool {
        var ends: [End] = [], mayHaveLeft = false
        for action in actions {
            guard let command = try await services.store.query(PendingCommand.find(action)).first.map({ try PendingCommand($0) }) else {
                try await bar(action, thing)
                continue
            }
            // One that was stored may have been published a moment later, whoever died in between.
            mayHaveLeft = mayHaveLeft || !command.neverLeft
            if command.isOpen, command.thing == thing { ends.append((command, .withdrawn, nil)) }
        }
        if let shadow = ends.first?.command.shadow { try await end(ends, try await open(thing, shadow), thing, shadow, trace) }
        return mayHaveLeft
    }

    /// Leaves an ended command in the place of one that is still on its way here: it finds itself withdrawn when it comes.
    private func bar(_ action: ActionID, _ thing: ThingName) async throws {
        let now = services.clock(), command = PendingCommand.bar(action, thing, at: now)
        _ = try await services.store.run([
            command.insert(deadline: Timestamp(milliseconds: .max)), command.finish(.withdrawn, error: nil, at: now),
        ])
    }

    typealias End = (command: PendingCommand, outcome: CommandFinished.Outcome, error: String?)

    /// Ends commands, offers the next one in the slot, tells who asked for them.
    func end(_ ends: [End], _ runner: ThingRecord, _ thing: ThingName, _ shadow: String, _ trace: Trace) async throws {
        let now = services.clocks, ended = Set(ends.map(\.command.action))
        let next = PendingCommand.next(of: runner.commands.filter { !ended.contains($0.action) && $0.shadow == shadow }, at: now)
        try await withOpens(of: ends.map(\.command) + (next.map { [$0] } ?? [])) { others in
            var shadowNow = runner.shadow
            let next = next.flatMap { $0.isDone(beside: others[$0.action]) ? nil : $0 }
            let publications = shadowNow.replaceDesired(with: next?.slot(at: now) ?? .null, hidesPrevious: true, at: now.moment)
            let rows = ends.map { $0.command.finish(PendingCommand.Stage($0.outcome), error: $0.error, at: now.moment) }
            let messages = try Self.told(ends, others, at: now.moment).map { try Commit.OutgoingMessage($0, at: now.moment) }
            try await services.store.commit(
                Commit(rows: rows + [try ThingTables.put(shadowNow, thing, shadow)], messages: messages, trace: trace))
            let shown = if let next { await held(next) } else { nil as PendingCommand? }
            guard next == nil || shown != nil else { return }
            _ = try? await publish(publications.filter { $0.tail != "update/accepted" }, thing, shadow, for: shown)
        }
    }

    /// What is published about commands that end together: at most one event for the two commands of one unlock.
    static func told(_ ends: [End], _ others: Others, at now: Timestamp) -> [CommandFinished] {
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
        try await withThing(thing) {
            for shadow in ["command", "hub_command"] {
                let runner = try await open(thing, shadow), now = services.clocks
                let stored = try await services.store.query(PendingCommand.open(for: thing)).map { try PendingCommand($0) }
                let over = stored.filter { $0.shadow == shadow && !$0.isLive(at: now) }
                guard !over.isEmpty else { continue }
                try await end(
                    over.map { ($0, .expired, "the device did not answer in time") }, runner, thing, shadow,
                    Trace(correlation: "expiry", causation: nil))
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
