import Waiting

/// Lends each member to one caller at a time. Callers queue until a member is free or the timeout passes.
final class Pool<Member: AnyObject & Sendable>: Sendable {
    private let members: WaitQueue<Member>

    init(_ members: [Member], timeout: Duration, limit: Int) {
        self.members = WaitQueue(members, timeout: timeout, limit: limit, refusal: DatabaseError.timedOut)
    }

    func lend<Result: Sendable>(_ body: @Sendable (Member) async throws -> Result) async throws -> Result {
        let member = try await members.take()
        defer { members.put(member) }
        return try await body(member)
    }
}

/// A connection that runs transactions.
protocol TransactingConnection: Actor, Transaction {
    func begin() throws
    func commit() throws
    func rollBack()
}

extension Pool where Member: TransactingConnection {
    /// Lends a member for a transaction, which is committed when the body returns and rolled back when it throws.
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
