import Kernel
import Synchronization

/// Serialised responses for one state, for queries whose response is the same for all callers while the state is unchanged. They belong to
/// one version of the state; another version has none.
final class Renderings: Sendable {
    private struct Rendering: Sendable {
        let bytes: [UInt8]
        let validity: Range<Timestamp>
    }
    private let byQuery = Mutex<[ObjectIdentifier: Rendering]>([:])

    func find(_ query: Any.Type, at now: Timestamp) -> [UInt8]? {
        byQuery.withLock { $0[ObjectIdentifier(query)] }.flatMap { $0.validity.contains(now) ? $0.bytes : nil }
    }

    func keep(_ bytes: [UInt8], of query: Any.Type, from now: Timestamp, until end: Timestamp) {
        guard now < end else { return }
        byQuery.withLock { $0[ObjectIdentifier(query)] = Rendering(bytes: bytes, validity: now..<end) }
    }
}
