import Application
import DevicesContracts
import Kernel

/// Runs the devices side: hears the link, expires commands, forgets old messages. One process at a time is connected to the hubs.
struct DeviceWorker: Sendable {
    let runner: ThingRunner
    private let mailbox: Mailbox
    private static let workers = 20, workersOfOneShare = 16

    init(runner: ThingRunner) { (self.runner, mailbox) = (runner, Mailbox(runner.shares, widthOfOne: Self.workersOfOneShare)) }

    var jobs: [Job] {
        [
            Job("devices-link", isExclusive: true) { try await connect() },
            Job.every(.seconds(3_600), "devices-messages") { try await forget() },
        ]
    }

    private func connect() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await listen() }
            group.addTask { try await expire() }
            for _ in 0..<Self.workers { group.addTask { try await work() } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What has expired while nobody looked is withdrawn before the first message can be answered.
    private func listen() async throws {
        try await expireAll()
        try await runner.link.listen { inbound in
            guard let thing = inbound.thing else {
                Task { await offerUnanswered() }
                return true
            }
            let hasRoom = mailbox.put(inbound)
            if !hasRoom, case .shadow(_, let shadow, let verb, _) = inbound {
                Task { await runner.reject(.busy, verb, nil, thing, shadow) }
            }
            return hasRoom
        }
    }

    private func offerUnanswered() async {
        do { try await runner.offerUnanswered() } catch {
            // The link or the database is away again: its return brings the next try.
            runner.services.log.warning("Commands could not be offered again", ["error": "\(error)"])
        }
    }

    private func work() async throws {
        while true {
            let inbound = try await mailbox.next()
            do { try await handle(inbound) } catch {
                mailbox.putBack(inbound)
                throw error
            }
            mailbox.done(inbound)
        }
    }

    /// Tries again while the database is away, and when another process has written the thing meanwhile: the broker has let go of the
    /// message, and it may say that a door opened.
    private func handle(_ inbound: HubLink.Inbound) async throws {
        var pause = Duration.milliseconds(50)
        while true {
            do {
                return try await runner.receive(inbound)
            } catch RequestError.unavailable, RequestError.outcomeUnknown, CommitFailure.violated {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                return runner.services.log.warning("A message of a device was not handled", ["error": "\(error)"])
            }
        }
    }

    private func expire() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            do { try await expireAll() } catch is CancellationError { throw CancellationError() } catch {
                // The link must not go down with the database: what devices say waits for it.
                runner.services.log.warning("Commands could not be looked at for their expiry", ["error": "\(error)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// One thing must not keep the others from expiring, nor many that cannot be ended those behind them.
    func expireAll() async throws {
        var last = ""
        while true {
            let things = try await runner.services.store.query(PendingCommand.expired(at: runner.services.clocks, after: last)).map {
                try $0.read("thing", as: String.self)
            }
            for thing in things {
                do { try await runner.expire(ThingName(thing)) } catch is CancellationError { throw CancellationError() } catch {
                    runner.services.log.error("A command could not be ended", ["thing": thing, "error": "\(error)"])
                }
            }
            guard let end = things.last else { return }
            last = end
        }
    }

    private func forget() async throws {
        _ = try await runner.services.store.run([ThingTables.forget(before: runner.services.clock() - .seconds(7 * 86_400))])
    }
}
