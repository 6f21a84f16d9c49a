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
        }

        let kind: Kind
        var step = 0
        /// What it works on now, and what it still has to work on.
        var command: PendingCommand?
        var commands: [PendingCommand] = []
        var things: [ThingName] = []
        var since: ClockReading?
        var mayHaveLeft = false, isRepeat = false

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
                guard !rights[opens[open].right].hasEnded else { return opens[open].isAsked || deny(open) }
                opens[open].isAsked = true
                opens[open].decidedOn = rights[opens[open].right].version
            }
            underWay[thing, default: 0] += 1
        case 1: guard hold("thing \(thing)", id, by: .threadOfThing) else { return false }
        case 2: guard hold("open \(open)", id, by: .threadOfOpen) else { return false }
        case 3:
            let whole = commands[Self.action(open, isOther: false)]
            if isOther, has(.openIsOpen), whole?.isOpen != true { return sent(thing) }
            if let known = commands[action] {
                if known.neverLeft { return sent(thing) && (isOther || deny(open)) }
                guard known.stage == .accepted, known.isLive(at: now), isHeld(known) == true else { return sent(thing) }
                activity.command = known
                if known.isToBeConfirmed(at: now) { activity.command?.confirmedAt = now }
                (activity.step, activity.isRepeat) = (6, true)
                return false
            }
            let fresh = command(action, thing, open, beside: isOther ? whole : nil)
            guard fresh.isLive(at: now) else { return sent(thing) && (isOther || deny(open)) }
            activity.command = fresh
        case 4:
            // The other command has no fence of its own: it goes with the first.
            if has(.fence), !isOther, rights[opens[open].right].version != opens[open].decidedOn { return sent(thing) && deny(open) }
        case 5:
            commands[action] = activity.command
            if opens[open].storedAt == nil { opens[open].storedAt = elapsed }
        case 6:
            guard link != .down else { break }
            if let command = activity.command { show(command) }
            if !isOther, opens[open].hasOther { begin(.send(open, isOther: true)) }
            return sent(thing)
        default:
            // A repeat takes nothing back: the command may have left before.
            if activity.isRepeat { return sent(thing) }
            if has(.takingBack), commands[action]?.isOpen == true { finish(action, .withdrawn, PendingCommand.notTaken) }
            return sent(thing) && (isOther || deny(open))
        }
        activity.step += 1
        return false
    }

    private mutating func sent(_ thing: ThingName) -> Bool {
        underWay[thing, default: 1] -= 1
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
    private mutating func show(_ command: PendingCommand) {
        if has(.lifetime), let left = command.left(at: now), left <= .zero { return }
        if has(.freshness), !command.isFresh(at: now) { return }
        publish(command)
    }

    /// Whether the right of a command holds; nil when nobody can say.
    private func isHeld(_ command: PendingCommand) -> Bool? {
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
            activity.things = has(.storingIsAwaited) ? underWay.filter { $0.value > 0 }.map(\.key).sorted { $0.text < $1.text } : []
        case 2:
            if let thing = activity.things.last {
                guard hold("thing \(thing)", id, by: .threadOfThing) else { return false }
                release(id)
                activity.things.removeLast()
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

    // MARK: - The device's side

    private mutating func offer(_ thing: ThingName, _ id: Int, _ activity: inout Activity) -> Bool {
        switch activity.step {
        case 0: guard hold("thing \(thing)", id, by: .threadOfThing) else { return false }
        case 1:
            activity.commands = stored.filter { $0.thing == thing && $0.isOpen }
        case 2:
            let open = activity.commands
            activity.commands = []
            for var command in open {
                let verdict = isHeld(command)
                if verdict == true {
                    if command.isToBeConfirmed(at: now) { command.confirmedAt = now }
                    activity.commands.append(command)
                }
                if verdict == false { finish(command.action, .withdrawn) }
            }
        case 3:
            activity.command = PendingCommand.next(of: activity.commands, at: now)
            guard let next = activity.command else { return true }
            guard hold("open \(next.whole)", id, by: .threadOfOpen) else { return false }
        case 4:
            guard let next = activity.command, !next.isDone(beside: other(than: next)) else { return true }
        default:
            if link != .down, let next = activity.command { show(next) }
            return true
        }
        activity.step += 1
        return false
    }

    private func other(than command: PendingCommand) -> PendingCommand? {
        command.partOf.flatMap { commands[command.action == $0 ? ActionID("\($0)+") : $0] }
    }

    private mutating func answer(_ action: ActionID, _ id: Int, _ activity: inout Activity) -> Bool {
        guard let command = commands[action], let open = Int(command.whole.text) else { return true }
        switch activity.step {
        case 0: guard hold("thing \(command.thing)", id, by: .threadOfThing) else { return false }
        case 1: guard hold("open \(command.whole)", id, by: .threadOfOpen) else { return false }
        default:
            let other = other(than: command)
            finish(action, command.isOpen ? .succeeded : command.stage, isLate: !command.isLive(at: now))
            opens[open].isDone = true
            if has(.endOfOther), let other, other.isOpen { finish(other.action, .withdrawn) }
            return true
        }
        activity.step += 1
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
    fileprivate mutating func finish(_ action: ActionID, _ stage: PendingCommand.Stage, _ error: String? = nil, isLate: Bool = false) {
        commands[action]?.stage = stage
        commands[action]?.error = error
        commands[action]?.wasLate = isLate
        commands[action]?.finishedAt = wall
    }
}
