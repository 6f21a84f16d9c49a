public import Application
public import Database
import Kernel

/// Rebuilds a module's views: those over its own events by replaying the log, those over other modules' events by reading again what the
/// outboxes still hold. Nothing may write to the module meanwhile; an interrupted rebuild must be started again.
public struct Rebuild: Sendable {
    let module: Module
    let store: ModuleStore
    let database: any Database
    /// The reactions that maintain views over other modules' events.
    let reactions: [Reaction]

    public init(_ module: Module, store: ModuleStore, database: any Database, reactions: [Reaction]) {
        self.module = module
        self.store = store
        self.database = database
        self.reactions = reactions
    }

    private static let page = 200

    /// - Returns: how many streams were replayed.
    public func run() async throws -> Int {
        let schema = module.name
        let views = module.views + reactions.compactMap(\.view)
        var statements = views.map { "DELETE FROM \(trusted: schema).\(trusted: $0)" as SQL }
        statements += reactions.map { "DELETE FROM \(trusted: schema).checkpoints WHERE subscription = \($0.name)" }
        _ = try await database.transact(statements)
        var count = 0
        for aggregate in module.aggregates { count += try await replay(aggregate) }
        return count
    }

    private func replay(_ aggregate: AnyAggregate) async throws -> Int {
        let category = aggregate.category.name
        var last = "", count = 0
        while true {
            let ids = try await database.read(
                """
                SELECT id FROM \(trusted: module.name).aggregates WHERE category = \(category) AND id > \(last) ORDER BY id \
                LIMIT \(Self.page)
                """
            ).map { try $0.read("id", as: String.self) }
            for id in ids {
                let rows = try aggregate.replay(try await store.port.history(StreamName(category, id), 1, Int.max))
                if !rows.isEmpty { _ = try await database.transact(rows) }
            }
            count += ids.count
            guard ids.count == Self.page, let end = ids.last else { return count }
            last = end
        }
    }
}
