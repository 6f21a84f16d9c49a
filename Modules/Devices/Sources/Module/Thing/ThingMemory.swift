import DevicesContracts
import Kernel
import Synchronization

/// The things that this process has worked on last, so that the next command or answer need not read them again.
///
/// What is remembered may be outdated: another process may hold the link meanwhile, or a thing may have changed hands. Every writer raises
/// the revision of the thing's shadows (`ThingTables.raiseRevision`, or the write of the shadow itself), and whatever is decided here is
/// stored with its shadow under the revision that is remembered (`shadows_in_order`). So nothing outdated takes effect; whoever finds out
/// forgets the thing, reads it and decides again. Only what ends in such a write may rest on it.
final class ThingMemory: Sendable {
    private struct Entry {
        let thing: StoredThing
        let bytes: Int
        var lastUse: Int
    }
    private struct State {
        var entries: [ThingName: Entry] = [:]
        var bytes = 0
        var uses = 0
    }
    private let state = Mutex(State())
    private let limit: Int
    /// The least recently used of so many is dropped: nearly the oldest of all, without keeping all in order.
    private static let sample = 8

    /// - Parameter limit: in bytes of stored documents.
    init(limit: Int = 64 << 20) { self.limit = limit }

    var count: Int { state.withLock { $0.entries.count } }

    func find(_ thing: ThingName, _ shadowName: String?) -> StoredThing? {
        state.withLock { state in
            guard state.entries[thing]?.thing.shadowName == shadowName else { return nil }
            state.uses += 1
            state.entries[thing]?.lastUse = state.uses
            return state.entries[thing]?.thing
        }
    }

    /// Remembers a slot of a thing; other shadows are not remembered. What is not stored yet has no revision to be checked.
    func keep(_ stored: StoredThing, of thing: ThingName) {
        guard stored.isSlot else { return }
        guard !stored.shadow.isNew else { return forget(thing) }
        let bytes = stored.shadow.size + stored.commands.count * PendingCommand.typicalSize
        state.withLock { state in
            state.uses += 1
            state.bytes += bytes - (state.entries[thing]?.bytes ?? 0)
            state.entries[thing] = Entry(thing: stored, bytes: bytes, lastUse: state.uses)
            while state.bytes > limit, let oldest = Self.oldest(state.entries) {
                state.bytes -= state.entries.removeValue(forKey: oldest)?.bytes ?? 0
            }
        }
    }

    private static func oldest(_ entries: [ThingName: Entry]) -> ThingName? {
        (0..<sample).compactMap { _ in entries.randomElement() }.min { $0.value.lastUse < $1.value.lastUse }?.key
    }

    func forget(_ thing: ThingName) {
        state.withLock { state in state.bytes -= state.entries.removeValue(forKey: thing)?.bytes ?? 0 }
    }

    /// Forgets everything: another process may have held the link.
    func forgetAll() { state.withLock { ($0.entries, $0.bytes) = ([:], 0) } }
}
