public import Kernel

/// An ask to another module after a commit, before the committing caller gets its result. It may fail without harm: whatever must happen is
/// in the outbox too.
public struct FollowUp: Sendable {
    let run: @Sendable (Commit, Services) async -> Void

    /// Sends all asks at once, so that fifty doors take no longer than one.
    /// - Parameter grace: how long to wait, once, when an ask has no reply: until then the answer would not be true.
    public static func ask<A: Ask & Hashable>(grace: Duration, _ questions: @escaping @Sendable (Commit) -> Set<A>) -> FollowUp {
        FollowUp { commit, services in
            let unheard = await services.unheard(of: questions(commit), commit.trace)
            guard unheard > 0 else { return }
            services.log.warning(
                "A module could not be asked after a commit: the outbox tells it", ["question": A.name, "count": "\(unheard)"])
            try? await Task.sleep(for: grace)
        }
    }

    public func callAsFunction(_ commit: Commit, _ services: Services) async { await run(commit, services) }
}

extension Services {
    /// Returns the same services with a follow-up after each commit.
    public func following(_ followUp: FollowUp?) -> Services {
        guard let followUp else { return self }
        var copy = self
        copy.store = store.following { [self] commit in await followUp(commit, self) }
        return copy
    }

    /// Returns how many of the questions have no reply.
    fileprivate func unheard<A: Ask>(of questions: Set<A>, _ trace: Trace) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for question in questions {
                group.addTask { (try? await bus.ask(question, trace: trace, now: clock())) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }
}
