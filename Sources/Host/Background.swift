import EventStore
import Kernel
import Logging
import ServiceLifecycle

/// Everything that runs beside requests: subscriptions and jobs, each started again when it fails.
struct Background: Service {
    let jobs: [Job]
    let subscriptions: [Subscription]
    let log: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
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
            do { try await job.run() } catch is CancellationError { return } catch {
                log.warning("A job failed and starts again", metadata: ["job": "\(job.name)", "error": "\(error)"])
            }
            if started.duration(to: .now) > .seconds(30) { pause = .milliseconds(100) }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
    }
}
