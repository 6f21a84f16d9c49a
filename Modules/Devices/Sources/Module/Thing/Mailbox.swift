import DevicesContracts
import Kernel
import Synchronization

/// Bounded queue of messages from things: in order for each thing, and fair between shares. Serves the hubs in turn (or the tenants, for
/// things of no known hub), and within each share the things in turn, so that a heavy sender delays only itself.
final class Mailbox: Sendable {
    private struct Box {
        var waiting: [HubLink.Inbound] = []
        var isTaken = false
    }
    /// The things of one share: of a hub, of a tenant, or without a known owner.
    private struct Group {
        var boxes: [ThingName: Box] = [:]
        /// Things with messages that no worker is handling, in their turn.
        var ready: [ThingName] = []
        var taken = 0
        /// Whether the group is in the list of groups with something ready.
        var isListed = false
    }
    private struct State {
        var groups: [ExactText: Group] = [:]
        /// Groups with something ready, in their turn.
        var ready: [ExactText] = []
        var count = 0
        /// The groups of the things that workers are handling.
        var taken: [ThingName: ExactText] = [:]
        var workers: [Int: CheckedContinuation<HubLink.Inbound?, Never>] = [:]
        var nextWorker = 0
    }
    private let state = Mutex(State())

    /// Maximum number of waiting messages in total, and per thing.
    private let limit: Int
    private let maxPerThing: Int
    /// Maximum number of messages of one share that are handled at once; low enough to leave workers for other shares.
    private let widthOfOne: Int
    /// Maps things to shares; all things that have not been seen yet have one common share.
    private let shares: SharesOfThings

    init(_ shares: SharesOfThings, max: Int = 20_000, maxPerThing: Int = 200, widthOfOne: Int) {
        self.shares = shares
        limit = max
        self.maxPerThing = maxPerThing
        self.widthOfOne = widthOfOne
    }

    /// Adds a message. Returns false when the mailbox, or the thing's part of it, is full.
    func put(_ inbound: HubLink.Inbound) -> Bool {
        guard let thing = inbound.thing else { return false }
        let share = ExactText(shares.share(of: thing))
        return state.withLock { state -> Bool in
            // Prefer the group where the thing's messages already wait, so that they stay in order.
            let name = [share, ExactText("")].first { state.groups[$0]?.boxes[thing] != nil } ?? share
            let waiting = state.groups[name]?.boxes[thing]?.waiting.count ?? 0
            guard state.count < limit, waiting < maxPerThing else { return false }
            state.groups[name, default: Group()].boxes[thing, default: Box()].waiting.append(inbound)
            state.count += 1
            if waiting == 0, state.groups[name]?.boxes[thing]?.isTaken == false { makeReady(thing, in: name, &state) }
            dispatch(&state)
            return true
        }
    }

    /// Returns the next message; waits for one. Throws when the task is cancelled.
    func next() async throws -> HubLink.Inbound {
        let id = state.withLock { state -> Int in
            state.nextWorker += 1
            return state.nextWorker
        }
        let inbound: HubLink.Inbound? = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<HubLink.Inbound?, Never>) in
                state.withLock { state -> Void in
                    if Task.isCancelled { return continuation.resume(returning: nil) }
                    state.workers[id] = continuation
                    dispatch(&state)
                }
            }
        } onCancel: {
            state.withLock { state in state.workers.removeValue(forKey: id) }?.resume(returning: nil)
        }
        guard let inbound else { throw CancellationError() }
        return inbound
    }

    /// Marks a thing's message as handled, so that its next message can be handled.
    func done(_ inbound: HubLink.Inbound) { finish(inbound, putsBack: false) }
    /// Returns a message that could not be handled now to the front of its thing's queue.
    func putBack(_ inbound: HubLink.Inbound) { finish(inbound, putsBack: true) }

    private func finish(_ inbound: HubLink.Inbound, putsBack: Bool) {
        guard let thing = inbound.thing else { return }
        state.withLock { state in
            guard let name = state.taken.removeValue(forKey: thing), var group = state.groups[name] else { return }
            group.boxes[thing]?.isTaken = false
            group.taken -= 1
            if putsBack { group.boxes[thing]?.waiting.insert(inbound, at: 0); state.count += 1 }
            let isEmpty = group.boxes[thing]?.waiting.isEmpty ?? true
            if isEmpty { group.boxes[thing] = nil }
            state.groups[name] = group.boxes.isEmpty ? nil : group
            if !isEmpty { makeReady(thing, in: name, &state) } else if !group.ready.isEmpty { markReady(name, &state) }
            dispatch(&state)
        }
    }

    private func makeReady(_ thing: ThingName, in name: ExactText, _ state: inout State) {
        state.groups[name]?.ready.append(thing)
        markReady(name, &state)
    }

    private func markReady(_ name: ExactText, _ state: inout State) {
        guard state.groups[name]?.isListed == false else { return }
        state.groups[name]?.isListed = true
        state.ready.append(name)
    }

    /// Hands ready messages to waiting workers.
    private func dispatch(_ state: inout State) {
        while let worker = state.workers.keys.min(),
            let place = state.ready.firstIndex(where: { (state.groups[$0]?.taken ?? 0) < widthOfOne })
        {
            let name = state.ready.remove(at: place)
            guard var group = state.groups[name] else { continue }
            group.isListed = false
            defer { state.groups[name] = group }
            guard !group.ready.isEmpty else { continue }
            let thing = group.ready.removeFirst()
            guard let inbound = group.boxes[thing]?.waiting.removeFirst() else { continue }
            group.boxes[thing]?.isTaken = true
            group.taken += 1
            state.taken[thing] = name
            state.count -= 1
            if !group.ready.isEmpty {
                group.isListed = true
                state.ready.append(name)
            }
            state.workers.removeValue(forKey: worker)?.resume(returning: inbound)
        }
    }
}

extension HubLink.Inbound {
    var thing: ThingName? {
        switch self {
        case .shadow(let thing, _, _, _), .presence(let thing, _): thing
        case .connected: nil
        }
    }
}

/// The shares of the things seen so far.
final class SharesOfThings: Sendable {
    private let known = Mutex<[ThingName: String]>([:])
    private static let limit = 100_000

    func note(_ owner: ThingOwner, of thing: ThingName) {
        let share = owner.hub.map { "hub \($0)" } ?? owner.org.map { "tenant \($0)" }
        known.withLock { known in
            if known.count >= Self.limit, known[thing] == nil { known.removeAll() }
            known[thing] = share
        }
    }
    /// Returns the share of a thing; empty for things that have not been seen yet, and for things without an owner.
    func share(of thing: ThingName) -> String { known.withLock { $0[thing] } ?? "" }
}
