import DevicesContracts
import Kernel

/// Brings key grants to their end when the key leaves the lock, and has a move tried again that the device could not do.
struct FollowKeys {
    let services: Services

    static func reactions(_ services: Services) -> [Reaction] {
        let follow = FollowKeys(services: services)
        return [
            Reaction("access-removed-keys", from: ["access"], hears: ["KeyRemoved"], partitions: 4) { try await follow.removed($0) },
            Reaction("access-key-moves", from: ["devices"], hears: [CommandFinished.name], partitions: 4) { try await follow.moved(try CommandFinished($0)) },
        ]
    }

    func removed(_ envelope: Envelope) async throws -> Effects {
        guard let lock = Int(envelope.stream.id), let key = envelope.data["keyUuid"]?.text else { return .none }
        let grant = try await services.store.load(KeyGrant.self, KeyGrant.id(LockID(lock), Key.ID(key)))
        // Added again since: the removal was that of an earlier key.
        guard grant.state.isLive, let terms = grant.state.terms, envelope.version > terms.since else { return .none }
        return try effects(.revoked, grant)
    }

    func moved(_ finished: CommandFinished) async throws -> Effects {
        guard finished.outcome == .failed, let move = try? finished.context.decoded(as: KeyMove.self) else { return .none }
        let grant = try await services.store.load(KeyGrant.self, move.grant)
        guard grant.state.attempt == move.attempt, grant.state.isSent else { return .none }
        return try effects(.moveFailed(attempt: move.attempt, at: services.clock()), grant)
    }

    private func effects(_ event: KeyGrant.Event, _ grant: Snapshot<KeyGrant>) throws -> Effects {
        Effects(appends: [try Append([event], to: grant, at: services.clock())], rows: grant.state.run.map { [services.wake($0)] } ?? [])
    }
}
