import Application
import Kernel

/// The events of a tenant behind a place, in their order, exactly as webhooks get them. Waits a while if there are none yet.
struct ReadFeed: Lookup {
    let org: OrgID
    let after: FeedPlace?
    let limit: FeedLimit
    let types: EventNames?
    let aggregate: String?
    let wait: FeedWait
    let isCloudEvents: Bool
    let watch: FeedWatch

    struct Found: Sendable {
        let events: [JSON]
        let next: FeedPlace
    }

    static let missing: String? = nil
    static let shape = Shape<Found>(.json("events", .list(of: .object)) { .array($0.events) }, .member("next") { $0.next })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        let reader = FeedReader(request, types: types, aggregate: aggregate, services)
        let end = ContinuousClock.now + .seconds(wait.number)
        var place = try await reader.start(after: after, beginsNow: false)
        while true {
            let (events, next) = try await reader.read(after: place, limit: limit.number)
            guard events.isEmpty, .now < end, await watch.wait(for: org, beyond: next, until: end) else {
                let bodies = events.map { isCloudEvents ? CloudEvent.json(of: $0.body) : $0.body }
                return Found(events: bodies, next: FeedPlace(number: next))
            }
            // A key that was revoked meanwhile sees nothing of what has come since.
            guard try await reader.isAllowed() else { throw RequestError.unauthenticated("The API key is not valid.") }
            place = next
        }
    }

    static func operation(_ catalogue: EventCatalogue, _ watch: FeedWatch) -> Operation {
        Operation.lookup(
            "/events", "Read the events of one's tenant in their order, from the first time on that this is asked",
            allow: Rule<ReadFeed, Found>("the tenant", by: .apiKey) { _, _, caller in caller.org != nil },
            inputs: .init(
                .caller, .query("after", "The `next` of the answer before; from the oldest that is kept when absent."),
                .query("limit", "How many at most.", default: FeedLimit(number: 100)), .types(catalogue),
                .query("aggregate", "Only those of this aggregate, such as `lock-7`."),
                .query("wait", "How many seconds to wait for the first event.", default: FeedWait(number: 0)),
                .header("Accept", "With `\(CloudEvent.mediaType)` the events are CloudEvents 1.0; their data is `detail`.")),
            answers: [
                ResponseSpec(401, "The key was revoked while it waited."), ResponseSpec(409, "What follows `after` is no longer kept."),
            ],
            make: {
                (
                    caller: Caller, after: FeedPlace?, limit: FeedLimit, types: EventNames?, aggregate: String?, wait: FeedWait,
                    accept: String?
                ) in
                ReadFeed(
                    org: caller.org ?? "", after: after, limit: limit, types: types, aggregate: aggregate, wait: wait,
                    isCloudEvents: CloudEvent.isWanted(by: accept), watch: watch)
            })
    }
}

struct FeedLimit: BoundedInt {
    static let range = 1...500
    let number: Int
}

struct FeedWait: BoundedInt {
    static let range = 0...30
    let number: Int
}
