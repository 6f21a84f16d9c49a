import DevicesContracts
import Kernel

/// What things send: shadow requests, acknowledgements, presence. Nothing is acknowledged before it is stored.
extension DeviceDesk {
    func receive(_ inbound: HubLink.Inbound) async throws {
        switch inbound {
        case .presence(let thing, let isOnline): try await note(thing, isOnline: isOnline)
        case .shadow(let thing, let shadow, let verb, let payload):
            let request = payload.isEmpty ? JSON.object([:]) : try? JSON.parse(payload, depth: 32)
            do {
                guard payload.count <= 128 << 10 else { throw Shadow.Rejection.tooLarge }
                guard let request, request.members != nil else { throw Shadow.Rejection.malformed }
                let idle = try await turn(thing) { try await handle(verb, request, thing, shadow) }
                for command in idle { try await retire(command, Self.trace) }
            } catch let rejection as Shadow.Rejection {
                try await reject(rejection, verb, request?["clientToken"], thing, shadow)
            }
        case .connected: break
        }
    }

    func reject(_ rejection: Shadow.Rejection, _ verb: HubLink.Verb, _ token: JSON?, _ thing: ThingName, _ shadow: String?) async throws {
        let payload: JSON = [
            "code": .int(Int64(rejection.code)), "message": .string(rejection.message), "timestamp": .int(services.clock().seconds),
            "clientToken": token,
        ]
        try await publish([Shadow.Publication(tail: "\(verb.rawValue)/rejected", payload: payload)], thing, shadow)
    }

    static let commandShadows: Set<String> = ["command", "hub_command"]

    private static let trace = Trace(correlation: "device", causation: nil)

    /// Answers commands of other things that need not be done any more.
    private func handle(_ verb: HubLink.Verb, _ request: JSON, _ thing: ThingName, _ shadow: String?) async throws -> [PendingCommand] {
        switch verb {
        case .update: return try await update(request, thing, shadow)
        case .get: try await get(request["clientToken"], thing, shadow)
        case .delete:
            var desk = try await open(thing, shadow)
            let answer = try desk.shadow.delete(named: shadow, token: request["clientToken"], at: services.clock())
            _ = try await services.store.run([try ThingTables.put(desk.shadow, thing, shadow)])
            try await publish([answer], thing, shadow)
        }
        return []
    }

    /// A device that asks is shown the command it should work on now.
    private func get(_ token: JSON?, _ thing: ThingName, _ shadow: String?) async throws {
        var desk = try await open(thing, shadow)
        let now = services.clock()
        if settle(&desk, shadow, offersOldest: true, at: now) { _ = try await services.store.run([try ThingTables.put(desk.shadow, thing, shadow)]) }
        let shown = desk.commands.first { $0.action.json == desk.shadow.desired["message_id"] }
        let answer = Self.counting(down: try desk.shadow.get(named: shadow, token: token, at: now), to: shown?.expiresAt, at: now)
        try await publish([answer], thing, shadow, until: shown?.expiresAt)
    }

    /// The answer with the time that is left of the shown command now; the shadow has what was left when it was offered.
    private static func counting(down answer: Shadow.Publication, to expiry: Moment?, at now: Moment) -> Shadow.Publication {
        guard let expiry, var payload = answer.payload.members, var state = payload["state"]?.members else { return answer }
        for part in ["desired", "delta"] {
            guard var command = state[part]?.members, command["ttl_ms"] != nil else { continue }
            command["ttl_ms"] = .int(max(0, expiry.since(now).milliseconds))
            state[part] = .object(command)
        }
        payload["state"] = .object(state)
        return Shadow.Publication(tail: answer.tail, payload: .object(payload))
    }

    /// Puts into the slot what is to be done now, so that nobody is ever shown a command that has expired, timer or not. Answers whether
    /// that changed the shadow.
    private func settle(_ desk: inout Desk, _ shadow: String?, offersOldest: Bool, at now: Moment) -> Bool {
        guard let shadow, Self.commandShadows.contains(shadow), !desk.shadow.isDeleted else { return false }
        let open = desk.commands.filter { $0.shadow == shadow && $0.isLive(at: now) }, shown = desk.shadow.desired["message_id"]
        let next = PendingCommand.next(of: open, at: now)
        guard shown != next?.action.json, offersOldest || !open.contains(where: { $0.action.json == shown }) else { return false }
        _ = desk.shadow.replaceDesired(with: next?.slot(at: now) ?? .null, at: now)
        return true
    }

    private func update(_ request: JSON, _ thing: ThingName, _ shadow: String?) async throws -> [PendingCommand] {
        let isCommands = shadow.map(Self.commandShadows.contains) ?? false
        if isCommands, request["state"]?["desired"] != nil { throw Shadow.Rejection.forbidden }
        let answer = request["state"]?["reported"]?["lastCommand"], action = answer?["message_id"]?.text.map { ActionID($0) }
        var desk = try await open(thing, shadow, naming: action)
        let now = services.clock()
        _ = settle(&desk, shadow, offersOldest: false, at: now)
        var publications = try desk.shadow.update(request, at: now)
        let answered = desk.named.flatMap { $0.thing == thing ? $0 : nil }
        return try await withOpens(of: answered.map { [$0] } ?? []) { others in
            var rows = [ThingTables.note(.status, request, thing, at: now)], messages: [Commit.Posting] = [], idle: [PendingCommand] = []
            if let answer, let command = answered, let end = Self.end(command, answer, at: now) {
                let other = others[command.action]
                rows.append(end.row)
                if PendingCommand.endsAction(end.fact.outcome, beside: other) { messages.append(try Commit.Posting(end.fact, at: now)) }
                if let other, other.isOpen, end.fact.outcome == .succeeded { idle = [other] }
                let settled = desk.commands.filter(command.settles)
                let over = Set((settled + idle).map(\.action) + [command.action])
                rows += settled.map { $0.finish(.withdrawn, error: "the key was removed meanwhile", at: now) }
                rows += idle.filter { $0.thing == thing }.map { $0.finish(.withdrawn, error: nil, at: now) }
                messages += try settled.map { try Commit.Posting($0.finished(.withdrawn, error: "the key was removed meanwhile", at: now), at: now) }
                let next = PendingCommand.next(of: desk.commands.filter { !over.contains($0.action) && $0.shadow == command.shadow }, at: now)
                if isCommands { publications += desk.shadow.replaceDesired(with: next?.slot(at: now) ?? .null, at: now).filter { $0.tail != "update/accepted" } }
            }
            rows.append(try ThingTables.put(desk.shadow, thing, shadow))
            if !isCommands { messages.append(try shadowChanged(desk, thing, at: now)) }
            try await services.store.commit(Commit(rows: rows, messages: messages, trace: Self.trace))
            let shown = desk.commands.first { $0.action.json == desk.shadow.desired["message_id"] }
            let isOffer = { (publication: Shadow.Publication) in publication.tail == "update/delta" }
            try await publish(publications.filter { !isOffer($0) }, thing, shadow)
            try await publish(publications.filter(isOffer), thing, shadow, until: isCommands ? shown?.expiresAt : nil)
            return idle.filter { $0.thing != thing }
        }
    }

    /// What an answer of a device means for its command; nil when it changes nothing any more.
    private static func end(_ command: PendingCommand, _ answer: JSON, at now: Moment) -> (row: SQL, fact: CommandFinished)? {
        let hasSucceeded = answer["status"]?.text == "ok"
        let error = hasSucceeded ? nil : answer["error"].map { $0.text ?? $0.encoded } ?? "the device reported an error"
        let outcome: CommandFinished.Outcome = hasSucceeded ? .succeeded : .failed
        if command.isOpen {
            let isLate = !command.isLive(at: now)
            return (
                command.finish(PendingCommand.Stage(outcome), error: error, isLate: isLate, at: now),
                command.finished(outcome, error: error, isLate: isLate, at: now)
            )
        }
        guard command.stage == .expired || command.stage == .withdrawn, hasSucceeded, !command.wasLate else { return nil }
        return (command.finish(command.stage, error: error, isLate: true, at: now), command.finished(.succeeded, isLate: true, at: now))
    }

    private func shadowChanged(_ desk: Desk, _ thing: ThingName, at now: Moment) throws -> Commit.Posting {
        let shadow = desk.shadow
        let fact = ShadowChanged(
            thing: thing, version: shadow.version, desired: shadow.desired.isNull ? nil : shadow.desired,
            reported: shadow.reported.isNull ? nil : shadow.reported, delta: shadow.delta?.state ?? [:], metadata: shadow.document(at: now)["metadata"])
        return try Commit.Posting(fact, audience: desk.owner.map { [$0] } ?? [], at: now)
    }

    private func note(_ thing: ThingName, isOnline: Bool) async throws {
        try await turn(thing) {
            let now = services.clock()
            _ = try await services.store.run([ThingTables.putPresence(thing, isOnline, at: now)])
            guard isOnline else { return }
            for shadow in Self.commandShadows { try await offerAgain(thing, shadow, at: now) }
        }
    }

    /// Offers again whatever has no answer yet, after a start and when the link was away: it may never have gone out, or its answer may
    /// have been lost with the process that heard it. A device that has done it knows it by its message id and answers once more.
    func offerUnanswered() async throws {
        var last = ""
        while true {
            let things = try await services.store.query(PendingCommand.unanswered(after: last)).compactMap { $0.text("thing") }
            for name in things {
                let thing = ThingName(name)
                try await turn(thing) { for shadow in Self.commandShadows { try await offerAgain(thing, shadow, at: services.clock()) } }
            }
            guard let end = things.last else { return }
            last = end
        }
    }

    /// Offers the oldest live command once more; the device knows it by its message id.
    private func offerAgain(_ thing: ThingName, _ shadow: String, at now: Moment) async throws {
        var desk = try await open(thing, shadow)
        guard let next = PendingCommand.next(of: desk.commands.filter { $0.shadow == shadow }, at: now) else { return }
        let publications = desk.shadow.replaceDesired(with: next.slot(at: now), at: now)
        _ = try await services.store.run([try ThingTables.put(desk.shadow, thing, shadow)])
        try await publish(publications.filter { $0.tail == "update/delta" }, thing, shadow, until: next.expiresAt)
    }
}
