public import Application
public import Kernel
import Synchronization
import Waiting

/// Handles asks within this process. Bodies are encoded even so, so that moving a module to another process changes nothing.
public final class LocalAsks: Sendable {
    private let answers = Mutex<[String: AskHandler]>([:])
    private let clock: @Sendable () -> Timestamp

    public init(clock: @escaping @Sendable () -> Timestamp) { self.clock = clock }

    public func register(_ answering: [AskHandler]) {
        answers.withLock { known in for one in answering { known[one.name] = one } }
    }

    public func knows(_ name: String) -> Bool { answers.withLock { $0[name] != nil } }

    /// Runs the handler and stops waiting at the deadline; the handler itself goes on and checks the deadline where it commits.
    public func send(_ name: String, _ body: JSON, _ context: AskContext) async throws -> JSON {
        guard let answering = answers.withLock({ $0[name] }) else { throw AskFailure.timedOut(name: name) }
        let left = context.deadline.since(clock())
        guard left > .zero else { throw AskFailure.timedOut(name: name) }
        let reply = OneShot<JSON>()
        Task {
            do { reply.settle(.success(try await answering.answer(body, context))) } catch {
                reply.settle(.failure(Self.failure(error, name)))
            }
        }
        return try await reply.value(within: left, or: AskFailure.timedOut(name: name), isCancellable: false)
    }

    /// Returns refusals of the answering module unchanged; any other error is an internal failure of that module.
    private static func failure(_ error: any Error, _ name: String) -> any Error {
        switch error {
        case let failure as RequestError: failure
        case let failure as AskFailure: failure
        default: AskFailure.failed(name: name, message: "\(error)")
        }
    }
}
