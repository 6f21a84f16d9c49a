import Application
import Database
import EventStore
import HTTPEdge
import Kernel

/// Deletes expired records and fully read outbox rows; creates upcoming partitions.
struct Maintenance: Sendable {
    let schema: String
    let database: any Database
    let log: Log
    let clock: @Sendable () -> Timestamp

    private static let pause = Duration.seconds(3_600)

    var job: Job { Job.every(Self.pause, "\(schema)-housekeeping") { try await run() } }

    func run() async throws {
        let partitions = OutboxPartitions(schema: schema, readers: Modules.all.map(\.name), database: database), now = clock()
        while try await database.transact([IdempotencyRecords.expire(in: schema, at: now)])[0].affected == IdempotencyRecords.batchSize {}
        do {
            try await partitions.extend(at: now)
            let dropped = try await partitions.drop(at: now)
            if !dropped.isEmpty { log.info("Read parts of an outbox were dropped", ["dropped": dropped.joined(separator: ", ")]) }
        } catch DatabaseError.statement(state: "42501", _) {
            // The process's role owns no tables (SQLSTATE 42501, insufficient privilege): `spkey migrate` does this instead.
        }
    }
}
