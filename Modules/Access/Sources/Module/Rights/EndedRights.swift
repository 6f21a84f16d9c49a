import Application
import DevicesContracts
import IdentityContracts
import Kernel

/// Withdraws waiting commands whose right has ended: right after the commit that ends it, before the caller is answered, and again from the
/// outbox in case Devices could not be asked.
enum EndedRights {
    /// Events of locks and temporary keys that may end a right.
    static let names: Set<String> = {
        let lock = Lock.events.forms, key = TempKey.events.forms
        return [
            lock.ownerSet.name, lock.organizationSet.name, lock.uuidChanged.name, lock.keyRemoved.name, lock.tempKeyUpdated.name,
            lock.tempKeyDeleted.name,
            key.changed.name, key.revoked.name, key.doorsEnded.name,
        ]
    }()

    static let followUp = FollowUp.ask(grace: Premise.freshness) { commit in
        let ended = commit.appends.filter { append in append.events.contains { names.contains($0.wire.type) } }
        return Set(ended.map { LookAgain(about: Premise.subject(of: $0.stream)) })
    }

    /// Shares the subscription of the removed keys, because one of its own would read every event of Access once more.
    static func handler(_ services: Services) -> Handler {
        .on(own: names, of: services.module) { envelope in
            try await lookAgain(at: Premise.subject(of: envelope.stream), envelope.trace, services)
            return .none
        }
    }

    static let checkpoints = Migration(
        "019-ended-rights",
        [
            "DELETE FROM access.checkpoints WHERE subscription = 'access-ended-rights'",
            "DELETE FROM access.dead_letters WHERE subscription = 'access-ended-rights'",
        ])

    static func reaction(_ services: Services) -> Reaction {
        Reaction(
            "access-ended-rights-of-people", partitions: 4,
            .on(UserSuspended.self) { event, envelope in
                try await lookAgain(at: Premise.subject(of: event.user), envelope.trace, services)
                return .none
            },
            .on(UserErased.self) { event, envelope in
                try await lookAgain(at: Premise.subject(of: event.user), envelope.trace, services)
                return .none
            })
    }

    private static func lookAgain(at subject: String, _ trace: Trace, _ services: Services) async throws {
        _ = try await services.bus.ask(LookAgain(about: subject), trace: trace, now: services.clock())
    }
}
