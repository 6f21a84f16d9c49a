public import Kernel

/// A type-erased handler for one kind of ask.
public struct AskHandler: Sendable {
    public let name: String
    public let answer: @Sendable (JSON, AskContext) async throws -> JSON

    public init<A: Ask>(_ type: A.Type, _ answer: @escaping @Sendable (A, AskContext) async throws -> A.Reply) {
        name = A.name
        self.answer = { body, context in try JSON(encoding: await answer(try body.decoded(), context)) }
    }

    public init(_ name: String, _ answer: @escaping @Sendable (JSON) async throws -> JSON) {
        (self.name, self.answer) = (name, { body, _ in try await answer(body) })
    }
}
