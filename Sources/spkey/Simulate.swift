import ArgumentParser
import Host
import Kernel

struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Play hubs on the broker: answer commands, report shadows.")
    @Option(help: "How many hubs are announced.") var hubs = 1
    @Option(help: "How many locks stand behind each.") var locksPerHub = 0
    @Option(help: "A folder of Matter node dumps to report.") var nodes: String?
    @Option(help: "Milliseconds from hearing a command to answering it.") var delay = 20
    @Flag(help: "Hear nothing and say nothing.") var offline = false
    @Flag(help: "Say every answer twice.") var duplicate = false
    @Option(help: "Answer every command with this error.") var refuse: String?

    func run() async throws {
        var simulation = Simulation()
        simulation.hubs = hubs
        simulation.locksPerHub = locksPerHub
        simulation.nodes = nodes
        simulation.delay = .milliseconds(delay)
        simulation.isOffline = offline
        simulation.saysTwice = duplicate
        simulation.refusal = refuse
        try await simulation.run(try await Settings.load()) { print($0, to: &Standard.output) }
    }
}
