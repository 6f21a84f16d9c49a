import DevicesContracts
import Kernel
import Synchronization

/// Runs the devices side: hears the link, expires commands, forgets old messages. One process at a time is connected to the hubs.
struct DeviceWorker: Sendable {
    let desk: DeviceDesk
    private let lanes = (0..<16).map { _ in Lane() }

    init(desk: DeviceDesk) { self.desk = desk }

    var jobs: [Job] {
        [
            Job("devices-link", isExclusive: true) { try await connect() },
            Job("devices-messages") { try await forget() },
        ]
    }

    private func connect() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await listen() }
            group.addTask { try await expire() }
            for lane in lanes { group.addTask { try await work(lane) } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What has expired while nobody looked is withdrawn before the first message can be answered.
    private func listen() async throws {
        try await expireAll()
        try await desk.link.listen { inbound in
            guard let thing = inbound.thing else {
                Task { await offerUnanswered() }
                return true
            }
            let hasRoom = lanes[Int(UInt(bitPattern: thing.hashValue) % UInt(lanes.count))].put(inbound)
            if !hasRoom, case .shadow(_, let shadow, let verb, _) = inbound {
                Task { try? await desk.reject(.busy, verb, nil, thing, shadow) }
            }
            return hasRoom
        }
    }

    private func offerUnanswered() async {
        do { try await desk.offerUnanswered() } catch {
            // The link or the database is away again: its return brings the next try.
            desk.services.log.warning("Commands could not be offered again", ["error": "\(error)"])
        }
    }

    private func work(_ lane: Lane) async throws {
        while true {
            let inbound = try await lane.next()
            do { try await handle(inbound) } catch {
                lane.putBack(inbound)
                throw error
            }
        }
    }

    /// Tries again while the database is away, and when another process has written the thing meanwhile: the broker has let go of the
    /// message, and it may say that a door opened.
    private func handle(_ inbound: HubLink.Inbound) async throws {
        var pause = Duration.milliseconds(50)
        while true {
            do {
                return try await desk.receive(inbound)
            } catch Failure.unavailable, Failure.outcomeUnknown, CommitFailure.violated {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                return desk.services.log.warning("A message of a device was not handled", ["error": "\(error)"])
            }
        }
    }

    private func expire() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(200))
            do { try await expireAll() } catch is CancellationError { throw CancellationError() } catch {
                // The link must not go down with the database: what devices say waits for it.
                desk.services.log.warning("Commands could not be looked at for their expiry", ["error": "\(error)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func expireAll() async throws {
        for row in try await desk.services.store.query(PendingCommand.expired(at: desk.services.clock())) {
            guard let thing = row.text("thing") else { continue }
            do { try await desk.expire(ThingName(thing)) } catch is CancellationError { throw CancellationError() } catch {
                // One thing must not keep the others from expiring.
                desk.services.log.error("A command could not be ended", ["thing": thing, "error": "\(error)"])
            }
        }
    }

    private func forget() async throws {
        while true {
            _ = try await desk.services.store.run([ThingTables.forget(before: desk.services.clock() - .seconds(7 * 86_400))])
            try await Task.sleep(for: .seconds(3_600))
        }
    }
}

extension HubLink.Inbound {
    fileprivate var thing: ThingName? {
        switch self {
        case .shadow(let thing, _, _, _), .presence(let thing, _): thing
        case .connected: nil
        }
    }
}

/// A bounded mailbox: messages of one thing stay in order because they always take the same lane.
final class Lane: Sendable {
    private struct State {
        var waiting: [HubLink.Inbound] = []
        var taken = 0
        var worker: CheckedContinuation<HubLink.Inbound?, Never>?
    }
    private let state = Mutex(State())
    private static let limit = 2_000

    /// False when the mailbox is full.
    func put(_ inbound: HubLink.Inbound) -> Bool {
        let (hasRoom, worker) = state.withLock { state -> (Bool, CheckedContinuation<HubLink.Inbound?, Never>?) in
            if let worker = state.worker { state.worker = nil; return (true, worker) }
            guard state.waiting.count - state.taken < Self.limit else { return (false, nil) }
            state.waiting.append(inbound)
            return (true, nil)
        }
        worker?.resume(returning: inbound)
        return hasRoom
    }

    /// Puts a message back that could not be handled now, before all others.
    func putBack(_ inbound: HubLink.Inbound) { state.withLock { $0.waiting.insert(inbound, at: $0.taken) } }

    /// The next message; waits for one. Throws when the task is cancelled.
    func next() async throws -> HubLink.Inbound {
        let inbound = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let first = state.withLock { state -> HubLink.Inbound?? in
                    if Task.isCancelled { return .some(nil) }
                    guard state.taken < state.waiting.count else { state.worker = continuation; return nil }
                    defer { state.taken += 1; if state.taken > 256 { state.waiting.removeFirst(state.taken); state.taken = 0 } }
                    return .some(state.waiting[state.taken])
                }
                if let first { continuation.resume(returning: first) }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.worker = nil }
                return state.worker
            }?.resume(returning: nil)
        }
        guard let inbound else { throw CancellationError() }
        return inbound
    }
}
