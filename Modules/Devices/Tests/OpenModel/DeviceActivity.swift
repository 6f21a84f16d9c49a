import DevicesContracts
import Kernel

@testable import Devices

/// The device's side of the activities.
extension OpenModel {
    mutating func offer(_ thing: ThingName, _ id: Int, _ activity: inout Activity) -> Bool {
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

    mutating func answer(_ action: ActionID, _ id: Int, _ activity: inout Activity) -> Bool {
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
}
