import Application
import DevicesContracts
import Kernel

/// Rings at the door whose lock a doorbell stands for: its device id or its thing is the lock's uuid, and both are of one tenant.
struct FollowBells: Sendable {
    let services: Services

    /// How old a press may be to ring; whoever pressed it has left by then.
    private static let longest = Duration.seconds(60)

    var reaction: Reaction {
        Reaction("access-bells", partitions: 2, .on(BellPressed.self) { event, envelope in try await ring(event, envelope) })
    }

    func ring(_ event: BellPressed, _ envelope: Envelope) async throws -> Changes {
        guard let org = event.org, envelope.at + Self.longest > services.clock() else { return .none }
        for uuid in [event.device, event.thing] {
            guard let lock = try await services.holder(of: uuid.text, kind: "lock-uuid").flatMap({ Int($0) }) else { continue }
            let request = Request(
                caller: .key(org: org, isSuper: false), trace: Trace(correlation: envelope.trace.correlation, causation: envelope.id),
                attempt: Attempt(now: services.clock()))
            do { _ = try await services.execute(PressDoorbell(lock: LockID(lock)), for: request) } catch RequestError.refused(
                _, _, let message)
            {
                services.log.warning("A doorbell did not ring", ["device": event.device.text, "reason": message])
            }
            break
        }
        return .none
    }
}
