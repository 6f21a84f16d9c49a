import Application
import Database
import Kernel

/// A run that sleeps in steps and does nothing: shows that workflows run.
struct Canary: Workflow {
    static let name = "canary-workflow", label = "Sleep in steps, to see that workflows run"
    let seconds: Int
    let steps: Int

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        for step in 0..<self.steps { try await steps.sleep("step \(step + 1)", .milliseconds(Int64(seconds) * 1_000 / Int64(self.steps))) }
        return ["steps": self.steps.json]
    }
}

/// Starts a canary.
struct StartCanary: AskAll {
    let seconds: CanarySeconds
    let steps: CanarySteps
    let caller: Caller
    let run: WorkflowID

    static let missing: String? = nil
    static let shape = Shape<StartCanary>(
        .constant("success", true), .member("instanceId") { $0.run }, .member("seconds") { $0.seconds.number },
        .member("steps") { $0.steps.number })

    var question: BeginCanary {
        BeginCanary(run: run, canary: Canary(seconds: seconds.number, steps: steps.number), by: caller.name)
    }
    func whole(_ replies: [Bool], unavailable: [String]) -> StartCanary? { replies.contains(true) ? self : nil }

    static let operation = Operation.askAll(
        .post, "/admin/workflows/canary", "Start a run that only sleeps", allow: .staffOutsideProduction, of: { [BeginCanary.module] },
        inputs: .init(
            .query("seconds", "How long it sleeps in all.", default: CanarySeconds(number: 60)),
            .query("steps", "In how many steps.", default: CanarySteps(number: 6)), .caller, .generated("canary")),
        make: StartCanary.init(seconds:steps:caller:run:))
}

/// Tells a module to start a canary.
struct BeginCanary: ModuleQuestion {
    static let name = "host.BeginCanary"
    /// The module in which canaries run.
    static let module = "access"
    let run: WorkflowID
    let canary: Canary
    /// The staff member who starts it.
    let by: String
    typealias Reply = Bool

    static func answer(_ module: Module, _ services: Services, _ database: any Database) -> AskHandler {
        AskHandler(BeginCanary.self, of: module.name) { question in
            let start = try WorkflowStart(question.canary, as: question.run, by: question.by, at: services.clock())
            _ = try await database.transact([services.startWorkflow(start)])
            return true
        }
    }
}

/// How long a canary sleeps.
struct CanarySeconds: BoundedInt {
    static let range = 0...86_400
    let number: Int
}

/// In how many steps a canary sleeps.
struct CanarySteps: BoundedInt {
    static let range = 1...1_000
    let number: Int
}
