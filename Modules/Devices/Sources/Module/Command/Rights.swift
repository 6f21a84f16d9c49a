import DevicesContracts
import Kernel
import Synchronization

/// Commands end with the rights that they rest on.
extension ThingRunner {
    private static let trace = Trace(correlation: "premise", causation: nil)
    /// How many commands are looked at together.
    private static let batchSize = 100
    private static let hasEnded = "the right that it rested on has ended"

    /// Those of the open commands of a thing that may be shown to it. What has waited is asked about; what has lost its right is
    /// ended, and what could not be asked about is left out this time.
    /// - Parameter answered: a command that is not to be shown again, but ended by its device.
    func standing(_ commands: [PendingCommand], but answered: ActionID?) async throws -> [PendingCommand] {
        let now = services.clocks, doubtful = commands.filter { $0.isToBeConfirmed(at: now) && $0.action != answered }
        guard !doubtful.isEmpty else { return commands }
        let verdicts = await hold(doubtful)
        let fallen = doubtful.filter { verdicts[$0.action] == false }
        if !fallen.isEmpty { try await endFallen(fallen) }
        return commands.compactMap { command in
            guard doubtful.contains(where: { $0.action == command.action }) else { return command }
            return verdicts[command.action] == true ? command.confirmed(at: now) : nil
        }
    }

    /// The command if it may be shown now, as far as its right goes.
    func held(_ command: PendingCommand) async -> PendingCommand? {
        let now = services.clocks
        guard command.isToBeConfirmed(at: now) else { return command }
        return await hold([command])[command.action] == true ? command.confirmed(at: now) : nil
    }

    /// Ends commands without touching the slot: whoever called settles it.
    private func endFallen(_ commands: [PendingCommand]) async throws {
        try await withOpens(of: commands) { others in
            let now = services.clock(), ends: [End] = commands.map { ($0, .withdrawn, Self.hasEnded) }
            let messages = try Self.told(ends, others, at: now).map { try Commit.OutgoingMessage($0, at: now) }
            try await services.store.commit(
                Commit(rows: commands.map { $0.finish(.withdrawn, error: Self.hasEnded, at: now) }, messages: messages, trace: Self.trace))
        }
    }

    /// Whether the rights of commands still hold; those that could not be asked about are missing.
    private func hold(_ commands: [PendingCommand]) async -> [ActionID: Bool] {
        var verdicts: [ActionID: Bool] = [:]
        for (module, commands) in Dictionary(grouping: commands, by: { $0.premise?.module ?? "" }) {
            let questions = JSON.array(commands.map { $0.premise?.question ?? .null })
            do {
                let reply = try await services.bus.ask(
                    PremisesHold.name(at: module), of: module, questions, trace: Self.trace, now: services.clock())
                guard let answers = reply.items, answers.count == commands.count else { continue }
                for (command, answer) in zip(commands, answers) { verdicts[command.action] = answer.boolean }
            } catch {
                services.log.warning(
                    "Rights could not be confirmed: what rests on them is not shown now", ["module": module, "error": "\(error)"])
            }
        }
        return verdicts
    }

    /// Withdraws what rests on a right that has ended. What is being stored at this moment is waited for: it decided before the end.
    ///
    /// Throws when some could not be looked at; those that are known to have lost their rights are withdrawn all the same.
    func lookAgain(at subject: String, _ trace: Trace) async throws {
        for thing in underWay.all { try await withThing(thing) {} }
        var last: ActionID?, areAllKnown = true
        while true {
            let resting = try await services.store.query(PendingCommand.resting(on: subject, after: last, limit: Self.batchSize))
                .map { try PendingCommand($0) }
            guard let end = resting.last else { break }
            let verdicts = await hold(resting), fallen = resting.filter { verdicts[$0.action] == false }
            for (thing, commands) in Dictionary(grouping: fallen, by: \.thing) { try await withdraw(commands, from: thing, trace) }
            areAllKnown = areAllKnown && verdicts.count == resting.count
            last = end.action
        }
        guard areAllKnown else { throw RequestError.unavailable("The rights could not be looked at.", retryAfter: .seconds(1)) }
    }

    private func withdraw(_ commands: [PendingCommand], from thing: ThingName, _ trace: Trace) async throws {
        try await withThing(thing) {
            let stored = try await services.store.query(PendingCommand.open(for: thing)).map { try PendingCommand($0) }
            let open = stored.filter { one in commands.contains { $0.action == one.action } }
            for (shadow, commands) in Dictionary(grouping: open, by: \.shadow) {
                try await end(commands.map { ($0, .withdrawn, Self.hasEnded) }, try await self.open(thing, shadow), thing, shadow, trace)
            }
        }
    }
}

extension PendingCommand {
    fileprivate func confirmed(at now: ClockReading) -> PendingCommand {
        var copy = self
        copy.confirmedAt = now
        return copy
    }
}

/// The things that commands are being stored for, as often as there are commands.
final class ThingsUnderWay: Sendable {
    private let counts = Mutex<[ThingName: Int]>([:])

    func begin(_ thing: ThingName) { counts.withLock { $0[thing, default: 0] += 1 } }
    func end(_ thing: ThingName) {
        counts.withLock { counts in
            let left = counts[thing, default: 1] - 1
            counts[thing] = left > 0 ? left : nil
        }
    }
    var all: [ThingName] { counts.withLock { Array($0.keys) } }
}
