public import Kernel
import Synchronization

extension Attempt {
    /// Creates an attempt; identifiers that are not given are random.
    public init(
        now: Timestamp, idempotency: Idempotency? = nil, identifier: (@Sendable (String) -> UUIDText)? = nil,
        secret: (@Sendable (String) -> UUIDText)? = nil
    ) {
        self.init(
            now: now, idempotency: idempotency, identifier: identifier ?? Drawn { UUIDText.fresh(at: now) }.identifier,
            secret: secret ?? Drawn(UUIDText.secret).identifier)
    }

    /// Random identifiers, generated once per purpose.
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
