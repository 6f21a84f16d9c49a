import Synchronization

/// Answers about one state as they were last written out, for queries whose answer is the same to everybody while the state is. They go
/// with the state: another version has none.
final class Renderings: Sendable {
    private struct Rendering: Sendable {
        let bytes: [UInt8]
        let validity: Range<Timestamp>
    }
    private let byQuery = Mutex<[ObjectIdentifier: Rendering]>([:])

    func find(_ query: any Query.Type, at now: Timestamp) -> [UInt8]? {
        byQuery.withLock { $0[ObjectIdentifier(query)] }.flatMap { $0.validity.contains(now) ? $0.bytes : nil }
    }

    func keep(_ bytes: [UInt8], of query: any Query.Type, from now: Timestamp, until end: Timestamp) {
        guard now < end else { return }
        byQuery.withLock { $0[ObjectIdentifier(query)] = Rendering(bytes: bytes, validity: now..<end) }
    }
}

extension Query {
    /// Answers from what was written out before, where the query allows it.
    func respond(_ snapshot: Snapshot<Target>, _ request: Request, _ services: Services) async throws -> Response {
        let now = services.clock()
        if let bytes = snapshot.renderings.find(Self.self, at: now) { return Response(200, body: .rendered(bytes)) }
        let json = Self.shape.json(try await answer(snapshot, request, services))
        guard let end = steady(snapshot.state, at: now) else { return .json(200, json) }
        let bytes = json.bytes
        snapshot.renderings.keep(bytes, of: Self.self, from: now, until: end)
        return Response(200, body: .rendered(bytes))
    }
}
