import DevicesContracts
import Synchronization

/// The things for which commands are being stored, counted per command.
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
