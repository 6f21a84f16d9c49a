import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Synchronization
import Testing
import Workflows

/// What the steps of the tests have done, outside the database.
final class StepRecorder: Sendable {
    private let state = Mutex((done: [String](), failures: [String: Int]()))
    var done: [String] { state.withLock { $0.done } }
    func fail(_ step: String, times: Int) { state.withLock { $0.failures[step] = times } }

    struct Trouble: Error {}

    func `do`(_ step: String) throws {
        try state.withLock { state in
            if let left = state.failures[step], left > 0 {
                state.failures[step] = left - 1
                throw Trouble()
            }
            state.done.append(step)
        }
    }

    static let shared = Mutex<[String: StepRecorder]>([:])
    static func of(_ name: String) -> StepRecorder {
        shared.withLock { all in
            let deeds = all[name] ?? StepRecorder()
            all[name] = deeds
            return deeds
        }
    }
}

/// Three steps and a sleep; stops for good where it is told to.
struct SampleWorkflow: Workflow {
    static let name = "trip-workflow", label = "A trip"
    let deeds: String
    var stopsAt: String?
    var pause = 0

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let deeds = StepRecorder.of(self.deeds)
        for step in ["pack", "drive", "arrive"] {
            let number = try await steps.perform(step) {
                if step == stopsAt { throw WorkflowStop("no \(step) today") }
                try deeds.do(step)
                return deeds.done.count
            }
            if step == "pack" { try await steps.sleep("rest", .milliseconds(pause)) }
            if step == "arrive" { return .int(Int64(number)) }
        }
        return .null
    }
}

/// Sleeps for a minute, and counts how often it began.
private struct Nap: Workflow {
    static let name = "nap", label = "Sleep"
    let place: String

    static let onStart = Mutex<[String: @Sendable (Int) async throws -> Void]>([:])
    private static let starts = Mutex<[String: Int]>([:])
    static func begun(_ place: String) -> Int { starts.withLock { $0[place, default: 0] } }

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let number = Self.starts.withLock { starts in
            starts[place, default: 0] += 1
            return starts[place, default: 0]
        }
        try await Self.onStart.withLock { $0[place] }?(number)
        try await steps.sleep("rest", .seconds(60))
        return .null
    }
}

@Suite struct WorkflowTests {
    struct Place: Sendable {
        let database: any Database
        let name: String

        var repository: WorkflowRepository { WorkflowRepository(schema: "alpha", database: database, clock: Stage.clock) }

        func engine(_ holder: String) -> WorkflowEngine {
            let fake = FakeServices().services("alpha")
            let services = Services(
                module: "alpha", store: fake.store, bus: fake.bus, vault: fake.vault, directory: fake.directory, ports: Ports(),
                settings: SettingValues(),
                log: fake.log,
                clock: Stage.clock)
            return WorkflowEngine(
                [AnyWorkflow(SampleWorkflow.self), AnyWorkflow(Nap.self)], schema: "alpha", database: database, services: services,
                holder: holder)
        }

        func start(_ run: WorkflowID, _ trip: some Workflow) async throws {
            _ = try await database.transact([repository.start(try WorkflowStart(trip, as: run, by: "test", at: Stage.clock()))])
        }

        func status(_ run: WorkflowID) async throws -> String? { try await repository.find(run)?["status"]?.text }
        func progress(_ run: WorkflowID) async throws -> [String] {
            (try await repository.find(run)?["progress"]?.items ?? []).compactMap { $0["message"]?.text }
        }
    }

    func prepare() async throws -> Place {
        let database = TestDatabase.current
        try await Migrator(database).migrate(schema: "alpha", WorkflowRows.migrations(for: "alpha"))
        return Place(database: database, name: UUIDText.fresh(at: Stage.clock()).text)
    }

    func working(
        _ place: Place, _ holder: String = "one", within limit: Duration = .seconds(20),
        until isDone: @escaping @Sendable () async throws -> Bool
    ) async throws
        -> Bool
    {
        let job = place.engine(holder).job, task = Task { try await job.run() }
        let held = try await eventually(within: limit, isDone)
        task.cancel()
        _ = await task.result
        return held
    }

    @Test(.everyDatabase) func `a run does its steps once and in order, and tells its result`() async throws {
        let place = try await prepare()
        try await place.start("r", SampleWorkflow(deeds: place.name))
        try await place.start("r", SampleWorkflow(deeds: "another"))
        #expect(try await working(place) { try await place.status("r") == "complete" })
        #expect(StepRecorder.of(place.name).done == ["pack", "drive", "arrive"])
        #expect(try await place.progress("r") == ["pack", "rest", "drive", "arrive"])
        #expect(try await place.repository.find("r")?["result"] == 3)
    }

    @Test(.everyDatabase) func `a step that fails is tried again, and what was done before it is not`() async throws {
        let place = try await prepare()
        StepRecorder.of(place.name).fail("drive", times: 2)
        try await place.start("r", SampleWorkflow(deeds: place.name))
        #expect(try await working(place) { try await place.status("r") == "complete" })
        #expect(StepRecorder.of(place.name).done == ["pack", "drive", "arrive"])
    }

    @Test(.everyDatabase) func `a run that cannot be read ends alone`() async throws {
        let place = try await prepare()
        try await place.start("broken", SampleWorkflow(deeds: "\(place.name) broken"))
        _ = try await place.database.transact(["UPDATE alpha.workflow_runs SET parameters = 'no JSON'"])
        try await place.start("r", SampleWorkflow(deeds: place.name))
        #expect(try await working(place) { try await place.status("r") == "complete" })
        let row = try await place.database.read("SELECT status, error FROM alpha.workflow_runs WHERE run = 'broken'").first
        #expect(try row?.read("status", as: String.self) == "errored")
        #expect(try row?.read("error", as: String.self) == "column parameters cannot be read: it is a text of 7 bytes")
    }

    @Test(.everyDatabase) func `a run that stops says why`() async throws {
        let place = try await prepare()
        try await place.start("r", SampleWorkflow(deeds: place.name, stopsAt: "drive"))
        #expect(try await working(place) { try await place.status("r") == "errored" })
        #expect(try await place.repository.find("r")?["error"] == "no drive today")
        #expect(StepRecorder.of(place.name).done == ["pack"])
    }

    @Test(.everyDatabase) func `a long sleep survives its process, and is not begun anew`() async throws {
        let place = try await prepare()
        try await place.start("r", SampleWorkflow(deeds: place.name, pause: 5_000))
        let begun = ContinuousClock.now
        #expect(try await working(place) { try await place.progress("r") == ["pack", "rest"] })
        #expect(try await working(place, "two") { try await place.status("r") == "complete" })
        #expect((.seconds(4)...(.seconds(15))).contains(begun.duration(to: .now)))
        #expect(StepRecorder.of(place.name).done == ["pack", "drive", "arrive"])
    }

    @Test(.everyDatabase) func `a wake ends a sleep, also one that is about to begin`() async throws {
        let place = try await prepare()
        @Sendable func wake() async throws { _ = try await place.database.transact([place.repository.resume("r")]) }
        // Woken within the attempt that then wants to sleep: it begins once more.
        Nap.onStart.withLock { $0[place.name] = { number in if number == 1 { try await wake() } } }
        try await place.start("r", Nap(place: place.name))
        #expect(try await working(place) { Nap.begun(place.name) == 2 })
        #expect(try await !working(place, within: .seconds(2)) { Nap.begun(place.name) > 2 })
        try await wake()
        #expect(try await working(place) { Nap.begun(place.name) == 3 })
    }

    @Test(.everyDatabase) func `a run that is terminated does no more steps`() async throws {
        let place = try await prepare()
        try await place.start("r", SampleWorkflow(deeds: place.name, pause: 60_000))
        #expect(try await working(place) { try await place.progress("r").count == 2 })
        try await place.repository.terminate("r")
        _ = try await place.database.transact(["UPDATE alpha.workflow_runs SET wake_at = 0"])
        try await place.start("after", SampleWorkflow(deeds: place.name + "-after"))
        #expect(try await working(place) { try await place.status("after") == "complete" })
        #expect(try await place.status("r") == "terminated")
        #expect(StepRecorder.of(place.name).done == ["pack"])
    }

    @Test(.everyDatabase) func `a run whose process is gone goes to another`() async throws {
        let place = try await prepare()
        try await place.start("r", SampleWorkflow(deeds: place.name))
        // As a dead process leaves it: claimed, one step recorded.
        let ended = Stage.clock() - .seconds(1)
        _ = try await place.database.transact([
            "UPDATE alpha.workflow_runs SET status = 'running', holder = 'dead', token = 7, lease_until = 0, updated_at = \(ended)",
            "INSERT INTO alpha.workflow_steps (run, name, place, result, at) VALUES ('r', 'pack', 0, \("{\"value\":1}"), 0)",
        ])
        #expect(try await working(place) { try await place.status("r") == "complete" })
        #expect(StepRecorder.of(place.name).done == ["drive", "arrive"])
    }

    @Test(.everyDatabase) func `many runs are shared by two processes, each step done once`() async throws {
        let place = try await prepare()
        for number in 0..<20 { try await place.start(WorkflowID("r\(number)"), SampleWorkflow(deeds: "\(place.name) \(number)")) }
        let other = place.engine("two").job, task = Task { try await other.run() }
        let isDone = try await working(place) {
            try await place.database.read("SELECT COUNT(*) AS n FROM alpha.workflow_runs WHERE status = 'complete'").first?.find(
                "n", as: Int64.self)
                == 20
        }
        task.cancel()
        _ = await task.result
        #expect(isDone)
        for number in 0..<20 { #expect(StepRecorder.of("\(place.name) \(number)").done == ["pack", "drive", "arrive"]) }
    }

    @Test func `requests of a step have the same ids each time`() throws {
        let services = FakeServices().services("alpha")
        let steps = Steps(run: "r", record: { _, body in try await body() }, wait: { _ in }, clock: Stage.clock)
        let caller = Caller.key(org: "acme", isSuper: false)
        #expect(steps.request("a", by: caller, services).action == steps.request("a", by: caller, services).action)
        #expect(steps.request("a", by: caller, services).action != steps.request("b", by: caller, services).action)
    }

    @Test(.everyDatabase) func `failures before a sleep are forgotten with it`() async throws {
        let place = try await prepare()
        Nap.onStart.withLock { $0[place.name] = { number in if number < 3 { throw StepRecorder.Trouble() } } }
        try await place.start("r", Nap(place: place.name))
        @Sendable func stands(_ begun: Int, _ attempts: Int64) async throws -> Bool {
            let known = try await place.database.read("SELECT attempts FROM alpha.workflow_runs").first?.find(
                "attempts", as: Int64.self)
            return Nap.begun(place.name) == begun && known == attempts
        }
        #expect(try await working(place) { try await stands(2, 2) })
        #expect(try await working(place) { try await stands(3, 0) })
    }
}
