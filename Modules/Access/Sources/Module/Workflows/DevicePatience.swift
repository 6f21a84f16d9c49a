import Application
import Kernel

extension Steps {
    /// A step that needs a device: while the link takes nothing it is waited for, however long that is.
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
