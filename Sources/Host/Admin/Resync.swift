import Application
import Database
import Kernel

/// Starts to build the projections of aggregates anew, in a run that can be followed and stopped. Meanwhile everything is served: each
/// aggregate's rows are replaced in one transaction.
struct Resync: AskAll {
    let kind: ProjectedKind?
    let id: String?
    let batch: Batch
    let pause: PauseSeconds
    let clears: Bool
    let caller: Caller
    let run: WorkflowID

    struct Whole: Sendable {
        let resync: Resync
        let replies: [StartResync.Started]
        let unavailable: [String]
    }

    static let missing: String? = nil
    static let shape = Shape<Whole>(
        .member("success") { $0.unavailable.isEmpty }, .member("instanceId") { $0.resync.run },
        .json("aggregateTypes", .list(of: .string)) { whole in
            .array((whole.resync.kind.map { [$0.rawValue] } ?? ProjectedKind.allCases.map(\.rawValue)).map(JSON.string))
        }, .member("total") { $0.replies.flatMap(\.counts.values).reduce(0, +) }, .member("batchSize") { $0.resync.batch.number },
        .member("delaySeconds") { $0.resync.pause.number },
        .member("batches") { whole in whole.replies.map { whole.resync.batch.batches(of: $0.counts.values.reduce(0, +)) }.reduce(0, +) },
        .member("clearFirst") { $0.resync.clears },
        .json("counts", .object) { whole in
            var all = JSON.Object()
            for (kind, count) in whole.replies.flatMap(\.counts).sorted(by: { $0.key < $1.key }) { all[kind] = count.json }
            return .object(all)
        }, .json("errors", .list(of: .string)) { .array($0.unavailable.map { .string("\($0) does not answer") }) })

    var question: StartResync {
        let parameters = ResyncProjections(
            categories: kind.map { [$0.rawValue] } ?? ProjectedKind.allCases.map(\.rawValue), id: id, batch: batch.number,
            pauseSeconds: pause.number, clears: clears)
        return StartResync(run: run, parameters: parameters, by: caller.name)
    }

    func whole(_ replies: [StartResync.Started?], unavailable: [String]) -> Whole? {
        Whole(resync: self, replies: replies.compactMap(\.self), unavailable: unavailable)
    }

    static let operation = Operation.askAll(
        .post, "/admin/resync-projections", "Build projections anew while everything is served", allow: .staff, of: Modules.names,
        inputs: .init(
            .query("aggregateType", "Only aggregates of this kind."), .query("aggregateId", "Only this one, of the kind that is named."),
            .query("batchSize", "How many between two pauses.", default: Batch(number: 20)),
            .query("delaySeconds", "How long each pause is.", default: PauseSeconds(number: 3)),
            .query(
                "clearFirst", "Whether rows of aggregates that do not exist are deleted; for all kinds at once only.", default: Switch.off),
            .caller, .generated("resync"), .query("aggregateId", needs: "aggregateType"),
            .query("clearFirst", of: "true", excludes: ["aggregateType", "aggregateId"]))
    ) {
        (
            kind: ProjectedKind?, id: String?, batch: Batch, pause: PauseSeconds, clears: Switch, caller: Caller, run: WorkflowID,
            _: NothingElse, _: NothingElse
        ) in
        Resync(kind: kind, id: id, batch: batch, pause: pause, clears: clears == .on, caller: caller, run: run)
    }
}

/// A kind of aggregate whose projections can be built anew.
enum ProjectedKind: String, Codable, Sendable, CaseIterable, WireValue {
    case user, lock, hub, camera
    case matterDevice = "matter-device"
    case cameraRole = "camera-role"
    case rtspCamera = "rtsp-camera"
}

/// A flag in an address.
enum Switch: String, Codable, Sendable, CaseIterable, WireValue {
    case on = "true"
    case off = "false"
}

/// How many aggregates are dealt with between two pauses.
struct Batch: BoundedInt {
    static let range = 1...10_000
    let number: Int
    func batches(of count: Int) -> Int { (count + number - 1) / number }
}

/// The length of a pause, in seconds.
struct PauseSeconds: BoundedInt {
    static let range = 0...3_600
    let number: Int
}

/// Tells a module to start the run for its own aggregates.
struct StartResync: ModuleQuestion {
    static let name = "host.StartResync"
    let run: WorkflowID
    let parameters: ResyncProjections
    /// The staff member who starts it.
    let by: String

    /// Nil from a module that has none of the kinds.
    typealias Reply = Started?

    struct Started: Codable, Sendable {
        /// How many aggregates there are of each kind.
        let counts: [String: Int]
    }

    static func answer(_ module: Module, _ services: Services, _ database: any Database) -> AskHandler {
        AskHandler(StartResync.self, of: module.name) { question -> Started? in
            let own = module.aggregates.map(\.category.name).filter(question.parameters.categories.contains)
            guard !own.isEmpty else { return nil }
            var counts: [String: Int] = [:]
            for category in own {
                let query: SQL = """
                    SELECT COUNT(*) AS count FROM \(trusted: module.name).aggregates WHERE category = \(category)
                    AND (CAST(\(optional: question.parameters.id) AS TEXT) IS NULL OR id = \(optional: question.parameters.id))
                    """
                counts[category] = try await database.read(query).first?.read("count") ?? 0
            }
            let start = try WorkflowStart(question.parameters, as: question.run, by: question.by, at: services.clock())
            _ = try await database.transact([services.startWorkflow(start)])
            return Started(counts: counts)
        }
    }
}

/// Builds the rows of a module's views anew, aggregate by aggregate.
struct ResyncProjections: Workflow {
    static let name = "resync-projections-workflow", label = "Build projections anew"
    let categories: [String]
    /// Nil for every aggregate of the categories.
    let id: String?
    let batch: Int
    let pauseSeconds: Int
    let clears: Bool

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        guard let module = Modules.all.first(where: { $0.name == services.module }) else { throw WorkflowStop("the module is gone") }
        var count = 0
        for aggregate in module.aggregates where categories.contains(aggregate.category.name) {
            let projection = Projection(aggregate: aggregate, services: services), category = aggregate.category.name
            if let id {
                count += try await steps.perform("\(category) \(id)") { try await projection.rebuild(id) ? 1 : 0 }
                continue
            }
            var last = "", batches = 0
            while true {
                let after = last, limit = batch
                let ids = try await steps.perform("\(category) after '\(after)'") {
                    try await projection.rebuildBatch(after: after, limit: limit)
                }
                count += ids.count
                guard ids.count == batch, let end = ids.last else { break }
                last = end
                batches += 1
                if pauseSeconds > 0 { try await steps.sleep("\(category) pause \(batches)", .seconds(Int64(pauseSeconds))) }
            }
            if clears { _ = try await steps.perform("\(category): rows of what does not exist") { try await projection.deleteOrphans() } }
        }
        return ["aggregates": count.json]
    }
}

/// The rows that the views of one kind of aggregate have.
private struct Projection: Sendable {
    let aggregate: AnyAggregate
    let services: Services
    private var category: String { aggregate.category.name }
    private static let maxAttempts = 10

    /// Replaces the rows of the aggregates after an id; returns the ids.
    func rebuildBatch(after: String, limit: Int) async throws -> [String] {
        let query: SQL = """
            SELECT id FROM \(trusted: services.module).aggregates WHERE category = \(category) AND id > \(after) ORDER BY id LIMIT \(limit)
            """
        let ids = try await services.store.query(query).map { try $0.read("id", as: String.self) }
        for id in ids { _ = try await rebuild(id) }
        return ids
    }

    /// Replaces the rows of an aggregate in one transaction that fails when another one has changed the aggregate meanwhile.
    /// - Returns: whether the aggregate exists.
    func rebuild(_ id: String) async throws -> Bool {
        for _ in 0..<Self.maxAttempts {
            let history = try await services.store.history(StreamName(category, id), 1, Int(Int32.max))
            guard let version = history.last?.version else { return false }
            let unchanged: SQL = """
                UPDATE \(trusted: services.module).aggregates SET version = version
                WHERE category = \(category) AND id = \(id) AND version = \(version)
                """
            let removed = aggregate.viewTables.map {
                "DELETE FROM \(trusted: services.module).\(trusted: $0.name) WHERE \(trusted: $0.key) = \(id)" as SQL
            }
            do {
                _ = try await services.store.run([unchanged.required] + removed + (try aggregate.replay(history)))
                return true
            } catch DatabaseError.unaffected {
                continue
            }
        }
        throw RequestError.unavailable("The aggregate \(category)-\(id) changes all the time.", retryAfter: nil)
    }

    func deleteOrphans() async throws -> Int {
        var count = 0
        for table in aggregate.viewTables {
            let done = try await services.store.run([
                """
                DELETE FROM \(trusted: services.module).\(trusted: table.name) WHERE NOT EXISTS (
                    SELECT 1 FROM \(trusted: services.module).aggregates a WHERE a.category = \(category) AND a.id = \(trusted: table.key))
                RETURNING 1 AS one
                """
            ])
            count += done[0].count
        }
        return count
    }
}
