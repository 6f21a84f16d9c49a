import DevicesContracts
import Kernel

/// What things send: shadow requests, acknowledgements, presence. Nothing is acknowledged before it is stored.
extension ThingRunner {
    /// The longest payload that is read, in bytes: what AWS IoT takes.
    private static let longestPayload = 128 << 10

    func receive(_ inbound: HubLink.Inbound) async throws {
        switch inbound {
        case .presence(let thing, let sign): try await note(thing, sign)
        case .shadow(let thing, let shadow, let verb, let payload):
            var token: JSON?
            do {
                guard payload.count <= Self.longestPayload else { throw Shadow.Rejection.tooLarge }
                guard let request = payload.isEmpty ? JSON.object([:]) : try? JSON.parse(payload, depth: 32), request.members != nil else {
                    throw Shadow.Rejection.malformed
                }
                token = try Shadow.token(of: request)
                if let shadow, Shadow.problem(withName: shadow) { throw Shadow.Rejection.badName }
                let idle = try await withThing(thing) { try await handle(verb, request, token, thing, shadow) }
                for command in idle { try await clear(command, Self.trace) }
            } catch let rejection as Shadow.Rejection {
                try await reject(rejection, verb, token, thing, shadow)
            }
        case .connected: break
        }
    }

    func reject(_ rejection: Shadow.Rejection, _ verb: HubLink.Verb, _ token: JSON?, _ thing: ThingName, _ shadow: String?) async throws {
        let payload: JSON = [
            "code": .int(Int64(rejection.code)), "message": .string(rejection.message), "timestamp": .int(services.clock().seconds),
            "clientToken": token,
        ]
        try await tell([Shadow.Publication(tail: "\(verb.rawValue)/rejected", payload: payload)], thing, shadow)
    }

    static let commandShadows: Set<String> = ["command", "hub_command"]

    private static let trace = Trace(correlation: "device", causation: nil)

    /// Publishes what a thing is answered. The answer to one message may be lost with the link; the thing asks again.
    private func tell(_ publications: [Shadow.Publication], _ thing: ThingName, _ shadow: String?, for command: PendingCommand? = nil)
        async throws
    {
        do { try await publish(publications, thing, shadow, for: command) } catch is HubLink.Down {} catch is HubLink.Unknown {}
    }

    /// Answers commands of other things that need not be done any more.
    private func handle(_ verb: HubLink.Verb, _ request: JSON, _ token: JSON?, _ thing: ThingName, _ shadow: String?) async throws
        -> [PendingCommand]
    {
        switch verb {
        case .update: return try await update(request, thing, shadow)
        case .get: try await get(token, thing, shadow)
        case .delete:
            var runner = try await open(thing, shadow)
            let answer = try runner.shadow.delete(named: shadow, token: token, at: services.clock())
            _ = try await services.store.run([try ThingTables.put(runner.shadow, thing, shadow)])
            try await tell([answer], thing, shadow)
        }
        return []
    }

    /// A device that asks is shown the command it should work on now.
    private func get(_ token: JSON?, _ thing: ThingName, _ shadow: String?) async throws {
        var runner = try await open(thing, shadow)
        let next = PendingCommand.next(of: runner.commands.filter { $0.shadow == shadow }, at: services.clocks)
        try await withOpens(of: next.map { [$0] } ?? []) { others in
            runner.commands.removeAll { $0.isDone(beside: others[$0.action]) }
            let now = services.clocks
            if settle(&runner, shadow, offersOldest: true, at: now) {
                _ = try await services.store.run([try ThingTables.put(runner.shadow, thing, shadow)])
            }
            let shown = runner.shown
            try await tell(
                [try runner.shadow.get(named: shadow, token: token, at: now.moment).counting(down: shown, at: now)], thing, shadow,
                for: shown
            )
        }
    }

    /// Puts into the slot what is to be done now, so that nobody is ever shown a command that has expired, timer or not. Answers whether
    /// that changed the shadow.
    private func settle(_ runner: inout ThingRecord, _ shadow: String?, offersOldest: Bool, at now: ClockReading) -> Bool {
        guard let shadow, Self.commandShadows.contains(shadow), !runner.shadow.isDeleted else { return false }
        let open = runner.commands.filter { $0.shadow == shadow && $0.isLive(at: now) }, shown = runner.shadow.desired["message_id"]
        let next = PendingCommand.next(of: open, at: now)
        guard shown != next?.action.json, offersOldest || !open.contains(where: { $0.action.json == shown }) else { return false }
        _ = runner.shadow.replaceDesired(with: next?.slot(at: now) ?? .null, at: now.moment)
        return true
    }

    private func update(_ request: JSON, _ thing: ThingName, _ shadow: String?) async throws -> [PendingCommand] {
        let isCommands = shadow.map(Self.commandShadows.contains) ?? false
        if isCommands, request["state"]?["desired"] != nil { throw Shadow.Rejection.forbidden }
        let answer = request["state"]?["reported"]?["lastCommand"], action = answer?["message_id"]?.text.map { ActionID($0) }
        var runner = try await open(thing, shadow, naming: action)
        let now = services.clocks
        if runner.shadow.isNew { try await refuseTooMany(thing) }
        _ = settle(&runner, shadow, offersOldest: false, at: now)
        let before = runner.shadow.version
        var publications = try runner.shadow.update(request, at: now.moment)
        let answered = runner.named.flatMap { $0.thing == thing ? $0 : nil }
        return try await withOpens(of: answered.map { [$0] } ?? []) { others in
            var rows = ThingTables.noteInRing(.status, request, thing, at: now.moment), messages: [Commit.OutgoingMessage] = [],
                idle: [PendingCommand] = []
            if let answer, let command = answered, let end = Self.end(command, answer, at: now) {
                let other = others[command.action]
                rows.append(end.row)
                if PendingCommand.endsAction(end.fact.outcome, beside: other) {
                    messages.append(try Commit.OutgoingMessage(end.fact, at: now.moment))
                }
                // A door that is open is not opened again: the other command ends in the same commit, whatever thing it is for.
                if let other, other.isOpen, end.fact.outcome == .succeeded { idle = [other] }
                let settled = runner.commands.filter(command.settles)
                let over = Set((settled + idle).map(\.action) + [command.action])
                rows += settled.map { $0.finish(.withdrawn, error: "the key was removed meanwhile", at: now.moment) }
                rows += idle.map { $0.finish(.withdrawn, error: nil, at: now.moment) }
                messages += try settled.map {
                    try Commit.OutgoingMessage(
                        $0.finished(.withdrawn, error: "the key was removed meanwhile", at: now.moment), at: now.moment)
                }
                runner.commands.removeAll { over.contains($0.action) }
                let next = PendingCommand.next(of: runner.commands.filter { $0.shadow == command.shadow }, at: now)
                if isCommands {
                    publications.removeAll { $0.tail == "update/delta" }
                    publications += runner.shadow.replaceDesired(with: next?.slot(at: now) ?? .null, hidesPrevious: true, at: now.moment)
                        .filter {
                            $0.tail != "update/accepted"
                        }
                }
            }
            rows.append(try ThingTables.put(runner.shadow, thing, shadow))
            if !isCommands, runner.shadow.version != before { messages.append(try shadowChanged(runner, thing, at: now.moment)) }
            try await services.store.commit(Commit(rows: rows, messages: messages, trace: Self.trace))
            let shown = isCommands ? runner.shown : nil,
                isOffer = { (publication: Shadow.Publication) in publication.tail == "update/delta" }
            try await tell(publications.filter { !isOffer($0) }, thing, shadow)
            try await tell(publications.filter(isOffer).map { $0.counting(down: shown, at: now) }, thing, shadow, for: shown)
            return idle.filter { $0.thing != thing }
        }
    }

    private func refuseTooMany(_ thing: ThingName) async throws {
        let rows = try await services.store.query("SELECT COUNT(*) AS shadows FROM devices.shadows WHERE thing = \(thing)")
        if try rows[0].read("shadows", as: Int.self) >= Shadow.mostOfOneThing { throw Shadow.Rejection.tooMany }
    }

    /// What an answer of a device means for its command; nil when it changes nothing any more.
    private static func end(_ command: PendingCommand, _ answer: JSON, at now: ClockReading) -> (row: SQL, fact: CommandFinished)? {
        let hasSucceeded = answer["status"] == "ok"
        let error =
            hasSucceeded ? nil : answer["error"].map { String(($0.text ?? $0.encoded).prefix(500)) } ?? "the device reported an error"
        let outcome: CommandFinished.Outcome = hasSucceeded ? .succeeded : .failed
        if command.isOpen {
            let isLate = !command.isLive(at: now)
            return (
                command.finish(PendingCommand.Stage(outcome), error: error, isLate: isLate, at: now.moment),
                command.finished(outcome, error: error, isLate: isLate, at: now.moment)
            )
        }
        guard command.stage == .expired || command.stage == .withdrawn, hasSucceeded, !command.wasLate else { return nil }
        return (
            command.finish(command.stage, error: error, isLate: true, at: now.moment),
            command.finished(.succeeded, isLate: true, at: now.moment)
        )
    }

    private func shadowChanged(_ runner: ThingRecord, _ thing: ThingName, at now: Timestamp) throws -> Commit.OutgoingMessage {
        let shadow = runner.shadow
        let fact = ShadowChanged(
            thing: thing, version: shadow.version, desired: shadow.desired.isNull ? nil : shadow.desired,
            reported: shadow.reported.isNull ? nil : shadow.reported, delta: shadow.delta?.state ?? [:],
            metadata: shadow.document(at: now)["metadata"])
        return try Commit.OutgoingMessage(fact, audience: runner.owner.org.map { [$0] } ?? [], at: now)
    }

    /// The newest sign of life counts; a will that was registered before it does not.
    private func note(_ thing: ThingName, _ sign: HubLink.SignOfLife) async throws {
        try await withThing(thing) {
            let now = services.clocks, known = try await services.store.query(ThingTables.presence(thing)).first
            let last = try PresenceRow(known)
            guard last.admits(sign) else { return }
            _ = try await services.store.run([ThingTables.putPresence(thing, sign, after: last, at: now.moment)])
            guard sign.isOnline else { return }
            for shadow in Self.commandShadows { try await offerAgain(thing, shadow) }
        }
    }

    /// Offers again whatever has no answer yet, after a start and when the link was away: it may never have gone out, or its answer may
    /// have been lost with the process that heard it. A device that has done it knows it by its message id and answers once more.
    func offerUnanswered() async throws {
        var last = ""
        while true {
            let things = try await services.store.query(PendingCommand.unanswered(after: last)).map {
                try $0.read("thing", as: String.self)
            }
            for name in things {
                let thing = ThingName(name)
                try await withThing(thing) { for shadow in Self.commandShadows { try await offerAgain(thing, shadow) } }
            }
            guard let end = things.last else { return }
            last = end
        }
    }

    /// Offers the oldest live command once more; the device knows it by its message id.
    private func offerAgain(_ thing: ThingName, _ shadow: String) async throws {
        var runner = try await open(thing, shadow)
        guard let next = PendingCommand.next(of: runner.commands.filter { $0.shadow == shadow }, at: services.clocks) else { return }
        try await withOpens(of: [next]) { others in
            guard !next.isDone(beside: others[next.action]) else { return }
            let now = services.clocks
            let publications = runner.shadow.replaceDesired(with: next.slot(at: now), at: now.moment)
            _ = try await services.store.run([try ThingTables.put(runner.shadow, thing, shadow)])
            try await publish(publications.filter { $0.tail == "update/delta" }, thing, shadow, for: next)
        }
    }
}

extension ThingRunner.ThingRecord {
    /// The command that the slot shows.
    var shown: PendingCommand? { commands.first { $0.action.json == shadow.desired["message_id"] } }
}

extension Shadow.Publication {
    /// The same with the time that is left of the shown command now; the shadow has what was left when it was offered.
    func counting(down command: PendingCommand?, at now: ClockReading) -> Shadow.Publication {
        guard let left = command?.left(at: now), var payload = payload.members, var state = payload["state"]?.members else { return self }
        if state["ttl_ms"] != nil { state["ttl_ms"] = .int(left.milliseconds) }
        for part in ["desired", "delta"] {
            guard var command = state[part]?.members, command["ttl_ms"] != nil else { continue }
            command["ttl_ms"] = .int(left.milliseconds)
            state[part] = .object(command)
        }
        payload["state"] = .object(state)
        return Shadow.Publication(tail: tail, payload: .object(payload))
    }
}
