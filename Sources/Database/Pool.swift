import Synchronization

/// Lends members one at a time. Whoever finds none waits in line until one is free or the deadline passes.
final class Pool<Member: AnyObject & Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Member, any Error>
    }
    private struct State {
        var idle: [Member]
        var waiters: [Waiter] = []
        var next = 0
        var isSwept = false
    }
    private let state: Mutex<State>
    private let timeout: Duration
    /// Waiters beyond this number are turned away at once: a queue that only grows helps nobody.
    private let limit: Int

    init(_ members: [Member], timeout: Duration, limit: Int) {
        state = Mutex(State(idle: members))
        (self.timeout, self.limit) = (timeout, limit)
    }

    func lend<Result: Sendable>(_ body: @Sendable (Member) async throws -> Result) async throws -> Result {
        let member = try await take()
        defer { put(member) }
        return try await body(member)
    }

    private func take() async throws -> Member {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        if let member = state.withLock({ $0.idle.popLast() }) { return member }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(number, $0) }
        } onCancel: {
            abandon(number, CancellationError())
        }
    }

    private func wait(_ number: Int, _ continuation: CheckedContinuation<Member, any Error>) {
        let outcome: Result<Member, any Error>? = state.withLock { state in
            if Task.isCancelled { return .failure(CancellationError()) }
            if let member = state.idle.popLast() { return .success(member) }
            if state.waiters.count >= limit { return .failure(DatabaseError.timedOut) }
            state.waiters.append(Waiter(number: number, deadline: .now + timeout, continuation: continuation))
            return nil
        }
        if let outcome { continuation.resume(with: outcome) } else { sweep() }
    }

    /// Fails waiters that exceed the timeout: one timer for all of them, while there are any.
    private func sweep() {
        let mustStart = state.withLock { state in
            defer { state.isSwept = true }
            return !state.isSwept
        }
        guard mustStart else { return }
        Task {
            while let late = overdue() {
                for waiter in late { waiter.continuation.resume(throwing: DatabaseError.timedOut) }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Nil when nobody waits any more.
    private func overdue() -> [Waiter]? {
        state.withLock { state in
            guard !state.waiters.isEmpty else {
                state.isSwept = false
                return nil
            }
            let late = state.waiters.prefix { $0.deadline <= .now }
            state.waiters.removeFirst(late.count)
            return Array(late)
        }
    }

    private func abandon(_ number: Int, _ error: any Error) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.number == number }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: error)
    }

    private func put(_ member: Member) {
        let waiter = state.withLock { state -> Waiter? in
            if state.waiters.isEmpty { state.idle.append(member); return nil }
            return state.waiters.removeFirst()
        }
        waiter?.continuation.resume(returning: member)
    }
}

/// A connection that carries out transactions.
protocol TransactingConnection: Actor, Transaction {
    func begin() throws
    func commit() throws
    func rollBack()
}

extension Pool where Member: TransactingConnection {
    /// Lends a member for a transaction: committed when the body returns, rolled back when it throws.
    func transaction<Result: Sendable>(_ body: @Sendable (any Transaction) async throws -> Result) async throws -> Result {
        try await lend { connection in
            try await connection.begin()
            do {
                let result = try await body(connection)
                try await connection.commit()
                return result
            } catch {
                await connection.rollBack()
                throw error
            }
        }
    }
}
