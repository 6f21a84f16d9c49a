public import Kernel
import Synchronization

extension Attempt {
    /// An attempt whose identifiers are drawn by chance where they are not given.
    public init(
        now: Timestamp, idempotency: Idempotency? = nil, identifier: (@Sendable (String) -> UUIDText)? = nil,
        secret: (@Sendable (String) -> UUIDText)? = nil
    ) {
        self.init(
            now: now, idempotency: idempotency, identifier: identifier ?? Drawn { UUIDText.fresh(at: now) }.identifier,
            secret: secret ?? Drawn(UUIDText.secret).identifier)
    }

    /// Random identifiers, each drawn once.
    private final class Drawn: Sendable {
        private let draw: @Sendable () -> UUIDText
        private let drawn = Mutex<[String: UUIDText]>([:])
        init(_ draw: @escaping @Sendable () -> UUIDText) { self.draw = draw }

        func identifier(_ purpose: String) -> UUIDText {
            drawn.withLock { drawn in
                if let known = drawn[purpose] { return known }
                let fresh = draw()
                drawn[purpose] = fresh
                return fresh
            }
        }
    }
}
