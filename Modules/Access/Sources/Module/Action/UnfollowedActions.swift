import Application
import DevicesContracts
import Kernel

/// Finishes actions whose outcome was never received, because the message was parked or the command never reached Devices. Each gets the
/// outcome that Devices knows.
struct UnfollowedActions {
    let services: Services

    static let timeout = Duration.seconds(120)
    private static let pause = Duration.seconds(30), batchSize = 200

    var job: Job { Job.every(Self.pause, "access-unfollowed-actions") { try await reconcile() } }

    func reconcile() async throws {
        let before = services.clock() - Self.timeout
        var last = ""
        while true {
            let rows = try await services.store.query(
                """
                SELECT * FROM access.actions WHERE status = 'pending' AND created_at < \(before) AND action_id > \(last)
                ORDER BY action_id LIMIT \(Self.batchSize)
                """)
            let actions = try rows.map { try $0.read("action_id", as: ActionID.self) }
            guard let end = actions.last else { return }
            let reply = try await services.bus.ask(
                EndsOfCommands(actions: actions), trace: Trace(correlation: "actions", causation: nil), now: services.clock())
            for finished in reply.ended { try await reconcile(finished.action) { try await $0.react(to: finished) } }
            for (action, row) in zip(actions, rows) where !reply.known.contains(action) {
                try await reconcile(action) { try await $0.reconcileUnsent(row) }
            }
            last = end.text
        }
    }

    private func reconcile(_ action: ActionID, _ effects: (FinishActions) async throws -> Changes) async throws {
        do {
            let effects = try await effects(FinishActions(services))
            try await services.store.commit(
                Commit(effects.appends, rows: effects.rows, trace: Trace(correlation: action.text, causation: nil)))
        } catch is CancellationError { throw CancellationError() } catch {
            // An action that cannot be settled does not block the others.
            services.log.warning("An action could not be settled", ["action": action.text, "error": "\(error)"])
        }
    }
}
