import DevicesContracts
import Kernel

/// One shadow of a thing and the commands that wait for the thing, as stored.
///
/// A pure value without clock, store or link: `handle` turns an input into actions, and `ThingRunner` stores and then publishes them. The
/// slot is the desired document of a command shadow: it shows the one command that the device should work on now.
struct ThingState: Sendable {
    let thing: ThingName
    /// Nil for the classic shadow, which has no name.
    let shadowName: String?
    private(set) var shadow: Shadow
    let owner: ThingOwner
    /// The open commands of the thing on all its shadows, except those whose rights have ended.
    private(set) var commands: [PendingCommand]
    /// Open commands whose rights have ended; the next accepted input ends them.
    private(set) var fallen: [PendingCommand]
    /// Open commands whose rights could not be confirmed; they wait and are not shown.
    let withheld: Set<ActionID>
    /// The command that the input names, in any stage.
    let named: PendingCommand?
    /// Number of shadows of the thing; counted only if this one would be new.
    let shadowCount: Int
    /// The other commands of the opens that these commands belong to.
    var others: Others

    enum Input: Sendable {
        /// The device reads its shadow.
        case get(token: JSON?)
        /// The device changes its shadow, and may answer a command with it.
        case update(JSON)
        /// The device deletes its shadow.
        case delete(token: JSON?)
        /// The device or the link is back; waiting commands may never have arrived.
        case offerAgain
        /// Commands end without an answer of the device.
        case end(Set<ActionID>, CommandFinished.Outcome, error: String?)
        /// Time has passed; commands that have expired end.
        case expire
        /// The command in the slot was ended elsewhere.
        case refresh
        /// A command has been accepted, or is offered again because no delivery is known.
        case show(PendingCommand)
        /// The link has not taken the command in the slot, and never will.
        case takeBack(PendingCommand)
        /// The platform sets a desired state of the thing.
        case want(JSON)
        /// The last desired state was not taken; restores the one before it.
        case restore(JSON)
    }

    /// The effects of an input. All `store`, `finish` and `announce` actions are one transaction; `publish` follows it.
    enum Action: Sendable, Equatable {
        case store(Change)
        case finish(CommandFinished)
        case announce(ShadowChanged)
        /// - Parameter about: the command that the message shows; the message is not sent once that command may not be shown.
        case publish(Shadow.Publication, about: PendingCommand?)
        /// The slot of another thing shows a command that this input has ended.
        case refresh(PendingCommand)
    }

    enum Change: Sendable, Equatable {
        case shadow(Shadow)
        case end(PendingCommand, PendingCommand.Stage, error: String?, isLate: Bool)
        /// What a hub answered to a command.
        case result(JSON, of: PendingCommand)
        /// A message of the device, kept for debugging.
        case note(JSON)
    }

    mutating func handle(_ input: Input, at now: ClockReading) throws(Shadow.Rejection) -> [Action] {
        let ends = finish(fallen, .withdrawn, error: Self.rightHasEnded, at: now)
        fallen = []
        return ends + (try actions(for: input, at: now))
    }

    private mutating func actions(for input: Input, at now: ClockReading) throws(Shadow.Rejection) -> [Action] {
        switch input {
        case .get(let token): return try get(token, at: now)
        case .update(let request): return try update(request, at: now)
        case .delete(let token):
            if hasSlot { throw .forbidden }
            let answer = try shadow.delete(named: shadowName, token: token, at: now.moment)
            return [.store(.shadow(shadow)), .publish(answer, about: nil)]
        case .offerAgain:
            guard let next = next(at: now) else { return [] }
            let publications = shadow.replaceDesired(with: next.slot(at: now), at: now.moment)
            return [.store(.shadow(shadow))] + publications.filter(\.isDelta).map { .publish($0, about: next) }
        case .end(let actions, let outcome, let error):
            let ended = commands.filter { actions.contains($0.action) }
            return end(ended, outcome, error: error, at: now)
        case .expire:
            let ended = commands.filter { $0.shadow == shadowName && !$0.isLive(at: now) }
            return ended.isEmpty ? [] : end(ended, .expired, error: "the device did not answer in time", at: now)
        case .refresh: return end([], .withdrawn, error: nil, at: now)
        case .show(let command):
            let publications = shadow.replaceDesired(with: command.slot(at: now), hidesPrevious: true, at: now.moment)
            // The device's own message comes first; documents are for observers.
            let messages = publications.filter(\.isDelta) + publications.filter { $0.tail == "update/documents" }
            return [.store(.shadow(shadow))] + messages.map { .publish($0, about: command) }
        case .takeBack(let command):
            _ = shadow.replaceDesired(with: .null, at: now.moment)
            let end = Change.end(command, .withdrawn, error: PendingCommand.notTaken, isLate: false)
            return [.store(end), .store(.shadow(shadow))]
        case .want(let desired):
            let publications = try shadow.update(["state": ["desired": desired]], at: now.moment)
            return [.store(.shadow(shadow))] + publications.map { .publish($0, about: nil) }
        case .restore(let desired):
            _ = shadow.replaceDesired(with: desired, hidesPrevious: true, at: now.moment)
            return [.store(.shadow(shadow))]
        }
    }

    /// Marks the decided state as stored.
    mutating func isStored() { shadow.isStored() }

    /// The commands that belong to an open with two commands.
    var parts: [PendingCommand] { (commands + fallen + [named].compactMap(\.self)).filter { $0.partOf != nil } }

    static let rightHasEnded = "the right that it rested on has ended"
}

// MARK: - The slot

extension ThingState {
    private var hasSlot: Bool { shadowName.map(PendingCommand.shadows.contains) ?? false }

    /// Returns the commands that may be shown to the device.
    private func visible(at now: ClockReading) -> [PendingCommand] {
        commands.filter {
            $0.shadow == shadowName && $0.isLive(at: now) && !withheld.contains($0.action) && !$0.isDone(beside: others[$0.action])
        }
    }

    private func next(at now: ClockReading) -> PendingCommand? { PendingCommand.next(of: visible(at: now), at: now) }

    /// Returns the command that the slot shows.
    private func shown(at now: ClockReading) -> PendingCommand? {
        hasSlot ? visible(at: now).first { $0.action.json == shadow.desired["message_id"] } : nil
    }

    /// Removes from the slot a command that may not be shown, so that it is never seen, whether or not a timer has fired. Returns whether
    /// the slot has changed.
    /// - Parameter offersOldest: whether the slot also moves on from a command that may still be shown.
    private mutating func clearSlot(offersOldest: Bool, at now: ClockReading) -> Bool {
        guard hasSlot, !shadow.isDeleted else { return false }
        let next = next(at: now)
        guard shadow.desired["message_id"] != next?.action.json, offersOldest || shown(at: now) == nil else { return false }
        _ = shadow.replaceDesired(with: next?.slot(at: now) ?? .null, at: now.moment)
        return true
    }

    /// Shows the next command and returns its publications, which omit the previous one.
    private mutating func showNext(at now: ClockReading) -> [Shadow.Publication] {
        shadow.replaceDesired(with: next(at: now)?.slot(at: now) ?? .null, hidesPrevious: true, at: now.moment)
            .filter { $0.tail != "update/accepted" }
    }

    private mutating func end(_ ended: [PendingCommand], _ outcome: CommandFinished.Outcome, error: String?, at now: ClockReading)
        -> [Action]
    {
        let ends = finish(ended, outcome, error: error, at: now), next = next(at: now), publications = showNext(at: now)
        return ends + [.store(.shadow(shadow))] + publications.map { .publish($0, about: next) }
    }

    /// Ends commands. At most one event is published for the two commands of one unlock.
    private mutating func finish(_ ended: [PendingCommand], _ outcome: CommandFinished.Outcome, error: String?, at now: ClockReading)
        -> [Action]
    {
        var actions: [Action] = []
        for command in ended {
            let stage = PendingCommand.Stage(outcome), other = others[command.action]
            actions.append(.store(.end(command, stage, error: error, isLate: false)))
            if PendingCommand.endsAction(outcome, beside: other) {
                actions.append(.finish(command.finished(outcome, error: error, at: now.moment)))
            }
            // If the other command is ended next, it must see this one as ended.
            if let other { others[other.action]?.stage = stage }
            commands.removeAll { $0.action == command.action }
        }
        return actions
    }
}

// MARK: - What devices send

extension ThingState {
    /// Answers a device's read with the command that it should work on now.
    private mutating func get(_ token: JSON?, at now: ClockReading) throws(Shadow.Rejection) -> [Action] {
        let isChanged = clearSlot(offersOldest: true, at: now), shown = shown(at: now)
        let answer = try shadow.get(named: shadowName, token: token, at: now.moment).counting(down: shown, at: now)
        return (isChanged ? [.store(.shadow(shadow))] : []) + [.publish(answer, about: shown)]
    }

    private mutating func update(_ request: JSON, at now: ClockReading) throws(Shadow.Rejection) -> [Action] {
        if hasSlot, request["state"]?["desired"] != nil || request["state"]?.isNull == true { throw .forbidden }
        if shadow.isNew, shadowCount >= Shadow.maxPerThing { throw .tooMany }
        _ = clearSlot(offersOldest: false, at: now)
        var publications = try shadow.update(request, at: now.moment), actions = [Action.store(.note(request))]
        if let answer = request["state"]?["reported"]?["lastCommand"], let command = named, command.thing == thing,
            let end = Answer(answer).end(of: command, at: now)
        {
            actions += accept(end, of: command, at: now)
            if case .hub = command.command, let result = answer["result"] { actions.append(.store(.result(result, of: command))) }
            if hasSlot { publications = publications.filter { !$0.isDelta } + showNext(at: now) }
        }
        if !hasSlot, let opened = openedDoor(by: request, at: now) {
            actions += accept(Answer.End(outcome: .succeeded, stage: .succeeded, error: nil, isLate: false), of: opened, at: now)
            actions.append(.refresh(opened))
        }
        actions.append(.store(.shadow(shadow)))
        if !hasSlot { actions.append(.announce(shadow.announcement(of: thing, at: now.moment))) }
        let shown = shown(at: now)
        actions += publications.filter { !$0.isDelta }.map { .publish($0, about: $0.tail == "update/documents" ? shown : nil) }
        actions += publications.filter(\.isDelta).map { .publish($0.counting(down: shown, at: now), about: shown) }
        return actions
    }

    /// Returns the command that has opened the door, when the lock reports that it is open: the state of the lock is a fact, whether or not
    /// the command is ever answered (Matter Application Cluster Specification, Door Lock, LockState).
    private func openedDoor(by request: JSON, at now: ClockReading) -> PendingCommand? {
        let reported = request["state"]?["reported"]?.members ?? [:]
        guard reported.contains(where: { $0.key.hasSuffix("/257/0") && [2, 3].contains($0.value) }) else { return nil }
        return commands.first { $0.command == .matter(PendingCommand.unlockDoor) && $0.isLive(at: now) && !withheld.contains($0.action) }
    }

    /// Ends the answered command and every command that it makes obsolete: an open door is not opened again, and a removed key is not added
    /// by an earlier command.
    private mutating func accept(_ end: Answer.End, of command: PendingCommand, at now: ClockReading) -> [Action] {
        let other = others[command.action]
        var actions: [Action] = [.store(.end(command, end.stage, error: end.error, isLate: end.isLate))]
        if PendingCommand.endsAction(end.outcome, beside: other) {
            actions.append(.finish(command.finished(end.outcome, error: end.error, isLate: end.isLate, at: now.moment)))
        }
        commands.removeAll { $0.action == command.action }
        actions += finish(commands.filter(command.supersedes), .withdrawn, error: "the key was removed meanwhile", at: now)
        guard let other, other.isOpen, end.outcome == .succeeded else { return actions }
        commands.removeAll { $0.action == other.action }
        actions.append(.store(.end(other, .withdrawn, error: nil, isLate: false)))
        return actions + (other.thing == thing ? [] : [.refresh(other)])
    }

    /// The answer of a device to a command, from `lastCommand`.
    private struct Answer {
        let hasSucceeded: Bool
        let error: String?

        init(_ answer: JSON) {
            hasSucceeded = answer["status"] == "ok"
            let told = answer["error"].map { String(($0.text ?? $0.encoded).prefix(500)) }
            error = hasSucceeded ? nil : told ?? "the device reported an error"
        }

        struct End {
            let outcome: CommandFinished.Outcome
            /// Unchanged if the command had already ended.
            let stage: PendingCommand.Stage
            let error: String?
            let isLate: Bool
        }

        /// Returns nil when the answer changes nothing. A late success is published once.
        func end(of command: PendingCommand, at now: ClockReading) -> End? {
            let outcome: CommandFinished.Outcome = hasSucceeded ? .succeeded : .failed
            if command.isOpen {
                return End(outcome: outcome, stage: PendingCommand.Stage(outcome), error: error, isLate: !command.isLive(at: now))
            }
            guard command.stage == .expired || command.stage == .withdrawn, hasSucceeded, !command.wasLate else { return nil }
            return End(outcome: .succeeded, stage: command.stage, error: nil, isLate: true)
        }
    }
}
