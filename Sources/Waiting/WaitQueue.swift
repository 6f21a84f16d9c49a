import Synchronization

/// Lends values to waiting tasks in FIFO order. The queue is bounded in length and in waiting time, so that it cannot grow without end.
public final class WaitQueue<Value: Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Value, any Error>
    }
    private struct State {
        /// Values that are not lent; the one returned last is lent first.
        var idle: [Value]
        var waiters: [Waiter] = []
        var lastNumber = 0
        /// Fires at the deadline of the first waiter.
        var alarm: Deadlines.Token?
    }
    private let state: Mutex<State>
    private let timeout: Duration
    private let limit: Int
    private let refusal: any Error

    /// - Parameters:
    ///   - limit: how many tasks may wait.
    ///   - refusal: thrown to tasks that find the queue full or have waited for `timeout`.
    public init(_ values: [Value] = [], timeout: Duration, limit: Int, refusal: any Error) {
        state = Mutex(State(idle: values))
        self.timeout = timeout
        self.limit = limit
        self.refusal = refusal
    }

    /// How many tasks wait now.
    public var waiting: Int { state.withLock { $0.waiters.count } }

    /// - Throws: the refusal, or `CancellationError`.
    public func take() async throws -> Value {
        let (value, number) = state.withLock { state in
            state.lastNumber += 1
            return (state.idle.popLast(), state.lastNumber)
        }
        if let value { return value }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(number, $0) }
        } onCancel: {
            leave(number)
        }
    }

    /// Gives a value to the first waiter, or keeps it when there is none.
    public func put(_ value: Value) {
        let waiter = state.withLock { state -> Waiter? in
            if state.waiters.isEmpty { state.idle.append(value); return nil }
            return state.waiters.removeFirst()
        }
        waiter?.continuation.resume(returning: value)
    }

    private func wait(_ number: Int, _ continuation: CheckedContinuation<Value, any Error>) {
        let outcome: Result<Value, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            if let value = state.idle.popLast() { return .success(value) }
            if state.waiters.count >= limit { return .failure(refusal) }
            state.waiters.append(Waiter(number: number, deadline: .now + timeout, continuation: continuation))
            setAlarm(&state)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func leave(_ number: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }

    /// All waiters wait equally long, so the first one's deadline comes first.
    private func setAlarm(_ state: inout State) {
        guard state.alarm == nil, let first = state.waiters.first else { return }
        state.alarm = Deadlines.shared.call(at: first.deadline) { [weak self] in self?.refuseOverdue() }
    }

    private func refuseOverdue() {
        let overdue = state.withLock { state in
            let now = ContinuousClock.now, overdue = Array(state.waiters.prefix { $0.deadline <= now })
            state.waiters.removeFirst(overdue.count)
            state.alarm = nil
            setAlarm(&state)
            return overdue
        }
        for waiter in overdue { waiter.continuation.resume(throwing: refusal) }
    }
}
