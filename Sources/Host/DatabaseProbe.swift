import Database
import Kernel

extension Database {
    /// A probe must not wait as long as a request may.
    func answersSoon() async -> Bool {
        let (answers, answer) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingOldest(1))
        Task { answer.yield((try? await self.read("SELECT 1 AS one")) != nil) }
        let alarm = Task {
            try await Task.sleep(for: .seconds(2))
            answer.yield(false)
        }
        defer { alarm.cancel() }
        return await answers.first { _ in true } ?? false
    }
}
