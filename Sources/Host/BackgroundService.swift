import Application
import EventStore
import Kernel
import Logging
import ServiceLifecycle

/// Runs everything besides requests: subscriptions and jobs, each restarted when it fails.
struct BackgroundService: Service {
    let jobs: [Job]
    let subscriptions: [Subscription]
    /// Finishes when the work may begin.
    let isOpen: AsyncStream<Void>
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in isOpen {}
            guard !Task.isCancelled else { return }
            await withDiscardingTaskGroup { group in
                for job in jobs { group.addTask { await keepRunning(job) } }
                for subscription in subscriptions { group.addTask { await subscription.run() } }
            }
        }
    }

    private func keepRunning(_ job: Job) async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            let started = ContinuousClock.now
            do { try await job.run() } catch is CancellationError { return } catch let error where Outage.isKnown(error) {
                // The metrics collector reports a database outage once, so each waiting job need not.
                log.debug("A job waits for the database", metadata: ["job": "\(job.name)"])
            } catch {
                log.warning("A job failed and starts again", metadata: ["job": "\(job.name)", "error": "\(error)"])
            }
            if started.duration(to: .now) > .seconds(30) { pause = .milliseconds(100) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
    }
}
