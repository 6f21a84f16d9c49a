import Application
import Kernel

/// Fails on purpose, so that staff see how failures are reported.
struct TestError: Lookup {
    let kind: Kind

    enum Kind: String, Codable, Sendable, CaseIterable, WireValue { case sync, async, type, validation }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static let missing: String? = nil
    static let shape = Shape<Never>()

    func find(_ request: Request, _ services: Services) async throws -> Never? {
        switch kind {
        case .sync: throw Failure(description: "A failure on purpose.")
        case .async:
            await Task.yield()
            throw Failure(description: "A failure on purpose, in another turn.")
        case .type: _ = try JSON.string("no number").decoded(as: Int.self)
        case .validation: throw Failure(description: "A failure on purpose, as if a check had a mistake.")
        }
        return nil
    }

    static let operation = Operation.lookup(
        "/admin/test-error", "Fail on purpose", allow: .staff,
        inputs: .init(.query("type", "How it fails.", default: Kind.sync)), answers: [ResponseSpec(500, "As it always does.")],
        make: TestError.init(kind:))
}
