import Application
import Kernel

/// Rings at a door: the tenant's webhooks hear it, with the residents to tell. Whoever keeps pressing is heard once in three seconds.
struct PressDoorbell: Command {
    let lock: LockID

    struct Facts: Sendable {
        let lock: Lock
    }
    static let createsAggregate = true
    static let pause = Duration.seconds(3)
    var target: String { lock.description }

    func facts(on snapshot: Snapshot<Doorbell>, _ request: Request, _ services: Services) async throws -> Facts {
        let lock = try await services.existing(lock)
        guard lock.isManaged(by: request.caller) else { throw Self.rule.violated }
        return Facts(lock: lock)
    }

    func decide(_ state: Doorbell, _ facts: Facts, at now: Timestamp) throws(NoRefusal) -> [Doorbell.Event] {
        // A press from the future was stored before the time was set back.
        if let last = state.last, now.since(last.at) < Self.pause, now >= last.at { return [] }
        let residents = facts.lock.residents.map(\.user)
        return [
            .pressed(
                Doorbell.Press(lock: lock, uuid: facts.lock.uuid, residents: residents, org: facts.lock.organisation, at: now))
        ]
    }

    /// The lock is another aggregate, so `facts` enforces the rule.
    private static let rule = Rule<PressDoorbell, Doorbell>(
        "the tenant that owns the lock, or a super key", by: .apiKey, permits: { _, _, _ in true })

    static let operation = Operation.command(
        .post, "/locks/{id}/PressDoorbell", "Ring at a door", allow: rule,
        answer: .only(
            200, .constant("success", true), .json("lockId", .string) { .string($0.id) },
            .json("rang", .boolean) { .bool(!$0.events.isEmpty) }),
        inputs: .init(.path("id", "Number of the lock.")), make: PressDoorbell.init(lock:)
    )
}
