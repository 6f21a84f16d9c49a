import Application
import Kernel
import Synchronization

/// The events of a tenant as they happen: Server-Sent Events (HTML Living Standard, §9.2). Each has its place as id, so a client that
/// connects again goes on where it was.
struct StreamFeed: Sendable {
    let reader: FeedReader
    let watch: FeedWatch

    /// After this time without an event a line is sent, so that nobody on the way takes the connection for dead.
    private static let heartbeat = Duration.seconds(15)
    /// A key that was revoked is noticed within this time.
    private static let look = Duration.seconds(3)
    /// The client connects again then, and is authenticated anew.
    private static let longest = Duration.seconds(3_600)
    private static let limit = 100

    /// Returns the stream behind a place.
    func stream(after start: Int64) -> ByteStream {
        let end = ContinuousClock.now + Self.longest
        let place = Mutex<Int64?>(nil)
        return ByteStream(
            AsyncThrowingStream {
                guard let known = place.withLock({ $0 }) else {
                    // The first part has no event and sets the id, for a client that is cut off before the first.
                    place.withLock { $0 = start }
                    return Array("retry: 2000\nid: \(start)\n\n".utf8)
                }
                guard .now < end, let (part, next) = try await part(after: known) else { return nil }
                place.withLock { $0 = next }
                return part
            })
    }

    /// Returns the next part and the place behind it; nil when the key was revoked.
    private func part(after start: Int64) async throws -> (part: [UInt8], next: Int64)? {
        let silence = ContinuousClock.now + Self.heartbeat
        var place = start
        while true {
            guard try await reader.isAllowed() else { return nil }
            let (events, next) = try await reader.read(after: place, limit: Self.limit)
            place = next
            if !events.isEmpty { return (events.flatMap(Self.bytes), next) }
            guard .now < silence else { return (Array("id: \(place)\n\n".utf8), place) }
            let until = min(silence, .now + Self.look)
            if await !watch.wait(for: reader.org, beyond: place, until: until) { try await Task.sleep(for: .seconds(1)) }
        }
    }

    /// JSON has no line breaks, so the data is one line.
    private static func bytes(of event: FeedReader.Event) -> [UInt8] {
        Array("id: \(event.number)\nevent: \(event.name)\ndata: ".utf8) + event.body.bytes + Array("\n\n".utf8)
    }

    static func operation(_ catalogue: EventCatalogue, _ watch: FeedWatch) -> Operation {
        Operation.custom(
            .get, "/events/stream", "Hear the events of one's tenant as they happen (Server-Sent Events)",
            allow: Rule<NoSubject, NoSubject>("the tenant", by: .apiKey) { _, _, caller in caller.org != nil },
            answers: [
                ResponseSpec(200, "A stream of `text/event-stream`: the id of an event is its place, its data what webhooks get."),
                ResponseSpec(409, "What follows the last event is no longer kept."),
            ],
            inputs: .init(
                .header("Last-Event-ID", "The id of the last event that was seen; from now on when absent."),
                .query("after", "The same, for clients that cannot set headers."), .types(catalogue),
                .query("aggregate", "Only those of this aggregate, such as `lock-7`."))
        ) { (request: Request, services: Services, last: FeedPlace?, after: FeedPlace?, types: EventNames?, aggregate: String?) in
            let reader = FeedReader(request, types: types, aggregate: aggregate, services)
            let start = try await reader.start(after: last ?? after, beginsNow: true)
            let stream = StreamFeed(reader: reader, watch: watch).stream(after: start)
            // Gateways hold nothing back.
            return Response(200, headers: ["X-Accel-Buffering": "no"], body: .stream(stream, type: "text/event-stream"))
        }
    }
}
