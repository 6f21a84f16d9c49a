import Application
import DevicesContracts
import Kernel
import Synchronization

/// Commands end with the rights that they rest on.
extension ThingRunner {
    private static let trace = Trace(correlation: "premise", causation: nil)
    /// How many commands are looked at together.
    private static let batchSize = 100

    /// What is known of the rights of commands.
    struct Rights {
        /// Whose rights have ended.
        var ended: Set<ActionID> = []
        /// Whose rights could not be asked about.
        var unknown: Set<ActionID> = []
        /// Those that have been confirmed, and when.
        var confirmed: [ActionID: PendingCommand] = [:]
    }

    /// Asks about the rights of those that have waited.
    func rights(of commands: [PendingCommand]) async -> Rights {
        let now = services.clocks, doubtful = commands.filter { $0.isToBeConfirmed(at: now) }
        guard !doubtful.isEmpty else { return Rights() }
        let verdicts = await hold(doubtful)
        return doubtful.reduce(into: Rights()) { rights, command in
            switch verdicts[command.action] {
            case true?: rights.confirmed[command.action] = command.confirmed(at: now)
            case false?: rights.ended.insert(command.action)
            case nil: rights.unknown.insert(command.action)
            }
        }
    }

    /// The command if it may be shown now, as far as its right goes.
    func held(_ command: PendingCommand) async -> PendingCommand? {
        let rights = await rights(of: [command])
        guard rights.ended.isEmpty, rights.unknown.isEmpty else { return nil }
        return rights.confirmed[command.action] ?? command
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
            let rows = try await services.store.query(PendingCommand.resting(on: subject, after: last, limit: Self.batchSize))
            guard let end = rows.last else { break }
            let resting = PendingCommand.readable(rows, services.log)
            let verdicts = await hold(resting), fallen = resting.filter { verdicts[$0.action] == false }
            for (thing, commands) in Dictionary(grouping: fallen, by: \.thing) { try await withdraw(commands, from: thing, trace) }
            areAllKnown = areAllKnown && verdicts.count == resting.count
            last = try end.read("action_id")
        }
        guard areAllKnown else { throw RequestError.unavailable("The rights could not be looked at.", retryAfter: .seconds(1)) }
    }

    private func withdraw(_ commands: [PendingCommand], from thing: ThingName, _ trace: Trace) async throws {
        try await withThing(thing) {
            for (shadow, commands) in Dictionary(grouping: commands, by: \.shadow) {
                let ended = ThingState.Input.end(Set(commands.map(\.action)), .withdrawn, error: ThingState.rightHasEnded)
                try await handle(ended, of: thing, shadow, trace)
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
