import Application
import DevicesContracts
import Kernel

/// Ends key grants when the key leaves the lock, and retries moves that the device could not carry out.
struct FollowKeys {
    let services: Services

    static func reactions(_ services: Services) -> [Reaction] {
        let follow = FollowKeys(services: services)
        return [
            Reaction(
                "access-removed-keys", partitions: 4, EndedRights.handler(services),
                .on(own: [Lock.events.forms.keyRemoved.name], of: services.module) { try await follow.removed($0) }),
            Reaction("access-key-moves", partitions: 4, .on(CommandFinished.self) { finished, _ in try await follow.moved(finished) }),
        ]
    }

    func removed(_ envelope: Envelope) async throws -> Changes {
        guard let lock = Int(envelope.stream.id), let key = envelope.data["keyUuid"]?.text else { return .none }
        let grant = try await services.store.load(KeyGrant.self, KeyGrant.id(LockID(lock), Key.ID(key)))
        // The key was added again since: the event removed an earlier key.
        guard grant.state.isLive, let terms = grant.state.terms, envelope.version > terms.since else { return .none }
        var effects = try effects([.revoked], grant)
        if grant.state.mayBeOnDevice {
            effects.rows.append(KeyRemovals.begun(terms.key, terms.index, on: terms.lock, at: services.clock()))
        }
        return effects
    }

    func moved(_ finished: CommandFinished) async throws -> Changes {
        guard let move = try? finished.context.decoded(as: KeyMove.self) else { return .none }
        let grant = try await services.store.load(KeyGrant.self, KeyGrant.id(stored: move.grant))
        guard grant.state.attempt == move.attempt, !grant.state.isDone else { return .none }
        switch finished.outcome {
        case .succeeded:
            // The device may be faster than the workflow, which has not recorded yet that it sent the command.
            let sent: [KeyGrant.Event] = grant.state.isSent ? [] : [.moveSent(attempt: move.attempt)]
            var effects = try effects(sent + [.moveDone(attempt: move.attempt)], grant)
            if grant.state.isRevoked, !grant.state.isOnDevice, let terms = grant.state.terms {
                effects.rows.append(KeyRemovals.done(terms.key, on: terms.lock))
            }
            return effects
        case .failed: return try effects([.moveFailed(attempt: move.attempt, at: services.clock())], grant)
        // A later removal settles a withdrawn addition; an expired one was for a key that is no longer to be on the device.
        case .expired, .withdrawn: return .none
        }
    }

    private func effects(_ events: [KeyGrant.Event], _ grant: Snapshot<KeyGrant>) throws -> Changes {
        Changes(
            appends: [try Append(events, to: grant, at: services.clock())],
            rows: grant.state.run.map { [services.resumeWorkflow($0)] } ?? [])
    }
}
