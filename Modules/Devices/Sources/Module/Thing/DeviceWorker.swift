import Application
import DevicesContracts
import Kernel

/// Background jobs of the module: listens to the link, expires commands, deletes old messages. Only one process is connected to the hubs.
struct DeviceWorker: Sendable {
    let runner: ThingRunner
    private let mailbox: Mailbox
    private static let workers = 20, workersOfOneShare = 16
    /// How many rejections may wait; whoever floods the link beyond that gets no answer.
    private static let maxRejections = 64

    private let access: HubAccess?

    init(runner: ThingRunner, access: HubAccess?) {
        self.runner = runner
        self.access = access
        mailbox = Mailbox(runner.shares, widthOfOne: Self.workersOfOneShare)
    }

    var jobs: [Job] {
        [
            Job("devices-link", isExclusive: true) { try await connect() },
            Job.every(.seconds(3_600), "devices-messages") { try await forget() },
        ]
    }

    private func connect() async throws {
        runner.memory.forgetAll()
        let (rejected, rejections) = AsyncStream.makeStream(of: HubLink.Inbound.self, bufferingPolicy: .bufferingOldest(Self.maxRejections))
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await access?.prepare()
                try await listen(rejections)
            }
            group.addTask { for await inbound in rejected { await runner.rejectBusy(inbound) } }
            group.addTask { try await expire() }
            if let access { group.addTask { try await access.keep() } }
            for _ in 0..<Self.workers { group.addTask { try await work() } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Listens to the link. Ends commands that expired in the meantime before the first message can be answered.
    private func listen(_ rejections: AsyncStream<HubLink.Inbound>.Continuation) async throws {
        try await expireAll()
        try await runner.link.listen { inbound in
            guard inbound.thing != nil else {
                runner.memory.forgetAll()
                Task { await offerUnanswered() }
                return true
            }
            let hasRoom = mailbox.put(inbound)
            if !hasRoom { rejections.yield(inbound) }
            return hasRoom
        }
    }

    /// Offers unanswered commands again, and tries once more while the database is unavailable. When the link goes down, its return
    /// triggers the next attempt.
    func offerUnanswered() async {
        var pause = Duration.milliseconds(100)
        while runner.link.isUp() {
            do { return try await runner.offerUnanswered() } catch is HubLink.Down { return } catch {
                runner.services.log.warning("Commands could not be offered again", ["error": "\(error)"])
            }
            do { try await Task.sleep(for: pause) } catch { return }
            pause = min(pause * 2, .seconds(2))
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

    /// Retries while the database is unavailable, and when another process has written the thing meanwhile: the broker no longer has the
    /// message, which may report that a door opened.
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
                // The link must not go down with the database; device messages wait until it returns.
                runner.services.log.warning("Commands could not be looked at for their expiry", ["error": "\(error)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Ends expired commands on all things. A thing that fails is logged and skipped, so that it does not block the others.
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
        _ = try await runner.services.store.run([MessageLog.forget(before: runner.services.clock() - .seconds(7 * 86_400))])
    }
}
