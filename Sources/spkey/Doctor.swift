import ArgumentParser
import Host

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at a database before an update.",
        discussion: "Changes nothing. Ends with 1 when the update would stop.")
    @Flag(
        help: "UUIDs that earlier builds stored in capitals: what the update writes in small letters, and what would become the same then.")
    var uuids = false

    func run() async throws {
        guard uuids else { throw ValidationError("--uuids is needed") }
        let (folds, collisions) = try await AdminTools.uuids(try await Settings.load())
        if folds.isEmpty { print("No UUID stands in capitals.", to: &Standard.output) }
        for line in folds { print("to be folded: \(line)", to: &Standard.output) }
        for line in collisions { print("collides: \(line)", to: &Standard.output) }
        guard !collisions.isEmpty else { return }
        print(
            """
            Ids that differ in nothing but capitals stand for two things now and would stand for one. Delete or erase one of each \
            pair with the build that made them (its API takes either spelling), then update.
            """,
            to: &Standard.output)
        throw ExitCode(1)
    }
}
