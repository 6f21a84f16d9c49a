public import Kernel

/// What is asked of another module after a commit, before whoever committed is told. It may fail without harm: what must happen stands
/// in the outbox too.
public struct FollowUp: Sendable {
    let run: @Sendable (Commit, Services) async -> Void

    /// Asks all at once: what concerns fifty doors takes no longer than what concerns one.
    /// - Parameter grace: how long is waited, once, where somebody cannot be asked: until then the answer would not be true.
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
    /// The same with something that follows each commit.
    public func following(_ followUp: FollowUp?) -> Services {
        guard let followUp else { return self }
        var copy = self
        copy.store = store.following { [self] commit in await followUp(commit, self) }
        return copy
    }

    /// How many of the questions have no reply.
    fileprivate func unheard<A: Ask>(of questions: Set<A>, _ trace: Trace) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for question in questions {
                group.addTask { (try? await bus.ask(question, trace: trace, now: clock())) == nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }
}
