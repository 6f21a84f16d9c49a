import Database
import Kernel
import Waiting

extension Database {
    /// Returns whether the database answers soon. A probe must not wait as long as a request may.
    func answersSoon() async -> Bool {
        let answer = OneShot<Bool>()
        Task { answer.settle(.success((try? await self.read("SELECT 1 AS one")) != nil)) }
        return (try? await answer.value(within: .seconds(2))) ?? false
    }
}
