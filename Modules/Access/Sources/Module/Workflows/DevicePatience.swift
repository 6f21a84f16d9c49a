import Application
import Kernel

extension Steps {
    /// Performs a step that needs a device. While the device link does not accept commands, retries without a limit.
    func performOnDevice(_ name: String, _ services: Services, _ body: @escaping @Sendable () async throws -> String) async throws {
        while true {
            do {
                _ = try await perform(name, body)
                return
            } catch RequestError.deviceUnreachable, AskFailure.timedOut {
                try await sleep(until: services.clock() + KeepKeyInTime.timeout)
            }
        }
    }
}
