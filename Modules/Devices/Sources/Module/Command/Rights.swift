import Application
import DevicesContracts
import Kernel
import Synchronization

/// Ends commands when the rights that they depend on end.
extension ThingRunner {
    private static let trace = Trace(correlation: "premise", causation: nil)
    /// Number of commands checked together.
    private static let batchSize = 100

    /// The result of checking the rights of commands.
    struct Rights {
        /// Commands whose rights have ended.
        var ended: Set<ActionID> = []
        /// Commands whose rights could not be checked.
        var unknown: Set<ActionID> = []
        /// Commands whose rights were confirmed, with the time of the confirmation.
        var confirmed: [ActionID: PendingCommand] = [:]
    }

    /// Checks the rights of commands whose last check is no longer fresh.
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

    /// Returns the command if its right allows showing it now, otherwise nil.
    func held(_ command: PendingCommand) async -> PendingCommand? {
        let rights = await rights(of: [command])
        guard rights.ended.isEmpty, rights.unknown.isEmpty else { return nil }
        return rights.confirmed[command.action] ?? command
    }

    /// Returns whether the rights of commands still hold; commands whose right could not be checked are missing.
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

    /// Withdraws the commands whose right has ended. Waits for commands that are being stored now; they were decided before.
    ///
    /// Throws when some rights could not be checked; commands that are known to have lost their rights are withdrawn all the same.
    func lookAgain(at subject: String, _ trace: Trace) async throws {
        await underWay.waitForRunning()
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
