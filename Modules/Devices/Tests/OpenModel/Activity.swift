import DevicesContracts
import Kernel

@testable import Devices

extension OpenModel {
    /// Something under way in the process, of which each step may be its last.
    struct Activity {
        enum Kind {
            case send(Int, isOther: Bool)
            /// - Parameter isStored: whether the end is stored already, and is followed from the outbox.
            case end(Int, isStored: Bool)
            case offer(ThingName)
            case answer(ActionID)
            case withdraw(Int)
            case expire(ThingName)
            /// Another process cuts a thing off, or lets it in again.
            case standing(ThingName, isCutOff: Bool)
        }

        let kind: Kind
        var step = 0
        /// What it works on now, and what it still has to work on.
        var command: PendingCommand?
        var commands: [PendingCommand] = []
        var opens: [Int] = []
        var since: ClockReading?
        var mayHaveLeft = false, isRepeat = false
        /// The thing as it was when it was decided.
        var view: Remembered?

        init(_ kind: Kind) { self.kind = kind }
    }

    static func action(_ open: Int, isOther: Bool) -> ActionID { ActionID(isOther ? "\(open)+" : "\(open)") }

    /// Takes an activity one step further. One that waits for another stays where it is.
    mutating func advance(_ id: Int) {
        guard var activity = activities[id] else { return }
        let isOver =
            switch activity.kind {
            case .send(let open, let isOther): send(open, isOther, id, &activity)
            case .end(let right, let isStored): end(right, isStored, id, &activity)
            case .offer(let thing): offer(thing, id, &activity)
            case .answer(let action): answer(action, id, &activity)
            case .withdraw(let open): withdraw(open, id, &activity)
            case .expire(let thing): expire(thing, id, &activity)
            case .standing(let thing, let isCutOff): stand(thing, isCutOff)
            }
        story.append("\(id) step \(activity.step)\(isOver ? " over" : "")")
        activities[id] = isOver ? nil : activity
        if isOver { release(id) }
    }

    // MARK: - An open

    private mutating func send(_ open: Int, _ isOther: Bool, _ id: Int, _ activity: inout Activity) -> Bool {
        let action = Self.action(open, isOther: isOther), thing = isOther ? Self.matter : Self.lock
        switch activity.step {
        case 0:
            if !isOther {
                // Of a repeat this says nothing: it is about what the caller may do now.
                guard mayOpen(open) else { return opens[open].isAsked || deny(open) }
                opens[open].isAsked = true
                underWay[open, default: 0] += 1
            }
        case 1: guard hold("thing \(thing)", id, by: .threadOfThing) else { return false }
        case 2: guard hold("open \(open)", id, by: .threadOfOpen) else { return false }
        case 3:
            let whole = commands[Self.action(open, isOther: false)]
            if isOther, has(.openIsOpen), whole?.isOpen != true { return sent(open) }
            if let known = commands[action] {
                if known.neverLeft { return sent(open) && (isOther || deny(open)) }
                guard known.stage == .accepted, known.isLive(at: now), isHeld(known) == true else { return sent(open) }
                activity.command = known
                if known.isToBeConfirmed(at: now) { activity.command?.confirmedAt = now }
                (activity.step, activity.isRepeat) = (6, true)
                return false
            }
            let fresh = command(action, thing, open, beside: isOther ? whole : nil)
            guard fresh.isLive(at: now) else { return sent(open) && (isOther || deny(open)) }
            var view = memory[thing] ?? stored(thing)
            // A refusal is decided on what is stored.
            if view.isCutOff { view = stored(thing) }
            memory[thing] = view
            guard !view.isCutOff else { return sent(open) && (isOther || deny(open)) }
            (activity.command, activity.view) = (fresh, view)
        case 4:
            // The other command has no fence of its own: it goes with the first.
            if has(.fence), !isOther, rights[opens[open].right].version != opens[open].decidedOn {
                // What was remembered is forgotten, and it is decided again.
                remembered[opens[open].right] = nil
                guard mayOpen(open) else { return sent(open) && deny(open) }
                activity.step = 3
                return false
            }
        case 5:
            if has(.revision), activity.view?.revision != stored(thing).revision {
                memory[thing] = nil
                activity.step = 3
                return false
            }
            if cutOff.contains(thing) { violations.append("an open was taken for a thing that takes no command") }
            commands[action] = activity.command
            note(writeTo: thing)
            if opens[open].storedAt == nil { opens[open].storedAt = elapsed }
        case 6:
            guard link != .down else { break }
            if let command = activity.command { show(command) }
            if !isOther, opens[open].hasOther {
                // Both commands are of one request.
                underWay[open, default: 0] += 1
                begin(.send(open, isOther: true))
            }
            return sent(open)
        default:
            // A repeat takes nothing back: the command may have left before.
            if activity.isRepeat { return sent(open) }
            if has(.takingBack), commands[action]?.isOpen == true { finish(action, .withdrawn, PendingCommand.notTaken) }
            return sent(open) && (isOther || deny(open))
        }
        activity.step += 1
        return false
    }

    /// Access decides on what it remembers, and refuses on what is stored.
    private mutating func mayOpen(_ open: Int) -> Bool {
        let right = opens[open].right
        var known = remembered[right] ?? rights[right]
        if known.hasEnded { known = rights[right] }
        remembered[right] = known
        opens[open].decidedOn = known.version
        return !known.hasEnded
    }

    private mutating func stand(_ thing: ThingName, _ isCutOff: Bool) -> Bool {
        if isCutOff { cutOff.insert(thing) } else { cutOff.remove(thing) }
        revisions[thing, default: 0] += 1
        return true
    }

    private mutating func sent(_ open: Int) -> Bool {
        underWay[open, default: 1] -= 1
        return true
    }

    private mutating func deny(_ open: Int) -> Bool {
        opens[open].isDenied = true
        if published.contains(where: { $0 == Self.action(open, isOther: false) || $0 == Self.action(open, isOther: true) }) {
            violations.append("the caller of an open that has left was told that nothing opens")
        }
        return true
    }

    private func command(_ action: ActionID, _ thing: ThingName, _ open: Int, beside whole: PendingCommand?) -> PendingCommand {
        let end = has(.endOfRight) ? rights[opens[open].right].endsAt : nil
        let premise = Premise(module: "access", about: [], question: .int(Int64(opens[open].right)), endsAt: end)
        return PendingCommand(
            action: action, thing: thing, shadow: "command", command: .unlock(reason: nil, request: nil),
            expiresAt: whole?.expiresAt ?? min(wall + .seconds(30), end ?? wall + .seconds(30)), context: .null, org: nil,
            createdAt: whole?.createdAt ?? wall, stage: .accepted, uptime: whole?.uptime ?? now.uptime, premise: premise,
            partOf: opens[open].hasOther ? ActionID("\(open)") : nil)
    }

    /// Publishes what may be published. On a link that loses acknowledgements it leaves too.
    mutating func show(_ command: PendingCommand) {
        if has(.lifetime), let left = command.left(at: now), left <= .zero { return }
        if has(.freshness), !command.isFresh(at: now) { return }
        publish(command)
    }

    /// Whether the right of a command holds; nil when nobody can say.
    func isHeld(_ command: PendingCommand) -> Bool? {
        guard has(.confirmation), command.isToBeConfirmed(at: now) else { return true }
        guard knowsRights, let right = command.premise?.question.integer else { return nil }
        return !rights[Int(right)].hasEnded
    }

    // MARK: - The end of a right

    private mutating func end(_ right: Int, _ isStored: Bool, _ id: Int, _ activity: inout Activity) -> Bool {
        switch activity.step {
        case 0:
            if !isStored {
                rights[right].version += 1
                rights[right].hasEnded = true
                unfollowed.insert(right)
            }
            activity.since = now
        case 1:
            guard hearsEnds else { return wait(&activity) }
            activity.opens = has(.storingIsAwaited) ? underWay.filter { $0.value > 0 }.map(\.key).sorted() : []
        case 2:
            if let open = activity.opens.last {
                if underWay[open, default: 0] == 0 { activity.opens.removeLast() }
                return false
            }
        case 3:
            guard knowsRights else { return wait(&activity) }
            activity.commands =
                has(.withdrawal) ? stored.filter { $0.isOpen && rights[Int($0.premise?.question.integer ?? 0)].hasEnded } : []
        case 4:
            guard let command = activity.commands.last else { break }
            guard hold("thing \(command.thing)", id, by: .threadOfThing), hold("open \(command.whole)", id, by: .threadOfOpen) else {
                return false
            }
            if commands[command.action]?.isOpen == true { finish(command.action, .withdrawn) }
            release(id)
            activity.commands.removeLast()
            return false
        case 5:
            unfollowed.remove(right)
            rights[right].isAcknowledged = true
            return true
        default:
            if has(.timeout), let since = activity.since, now.uptime.milliseconds - since.uptime.milliseconds < 1_000 { return false }
            rights[right].isAcknowledged = true
            return true
        }
        activity.step += 1
        return false
    }

    private func wait(_ activity: inout Activity) -> Bool {
        activity.step = 6
        return false
    }

    // MARK: - Callers that give up, and time

    private mutating func withdraw(_ open: Int, _ id: Int, _ activity: inout Activity) -> Bool {
        let actions = [Self.action(open, isOther: false)] + (opens[open].hasOther ? [Self.action(open, isOther: true)] : [])
        guard activity.step < actions.count else {
            return activity.mayHaveLeft || deny(open)
        }
        let action = actions[activity.step], thing = activity.step == 0 ? Self.lock : Self.matter
        guard hold("thing \(thing)", id, by: .threadOfThing), hold("open \(open)", id, by: .threadOfOpen) else { return false }
        if let command = commands[action] {
            activity.mayHaveLeft = activity.mayHaveLeft || !command.neverLeft
            if command.isOpen { finish(action, .withdrawn) }
        } else if has(.bar) {
            commands[action] = PendingCommand.bar(action, thing, at: wall)
        }
        release(id)
        activity.step += 1
        return false
    }

    private mutating func expire(_ thing: ThingName, _ id: Int, _ activity: inout Activity) -> Bool {
        guard hold("thing \(thing)", id, by: .threadOfThing) else { return false }
        for command in stored where command.thing == thing && command.isOpen && !command.isLive(at: now) {
            guard hold("open \(command.whole)", id, by: .threadOfOpen) else { return false }
            finish(command.action, .expired)
        }
        return true
    }
}

extension OpenModel {
    /// Ends a command as it is stored.
    mutating func finish(_ action: ActionID, _ stage: PendingCommand.Stage, _ error: String? = nil, isLate: Bool = false) {
        commands[action]?.stage = stage
        commands[action]?.error = error
        commands[action]?.wasLate = isLate
        commands[action]?.finishedAt = wall
        if let thing = commands[action]?.thing { note(writeTo: thing) }
    }
}
