import Foundation
import Kernel
import Testing

@testable import Host

/// What has landed stays as it is: databases that have taken a step never take it again.
@Suite struct MigrationTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Samples/migrations.json")

    private static var current: [String: [String]] {
        Storage.allSteps.reduce(into: [:]) { all, schema in
            for step in schema.steps { all["\(schema.schema)/\(step.name)"] = step.statements }
        }
    }

    /// A new step gets its entry when the tests run with `SPKEY_WRITE_SAMPLES=1`.
    @Test func `steps that have landed are neither edited nor taken away`() throws {
        let isWriting = ProcessInfo.processInfo.environment["SPKEY_WRITE_SAMPLES"] == "1"
        var landed = (try? JSONDecoder().decode([String: [String]].self, from: Data(contentsOf: Self.file))) ?? [:]
        let current = Self.current
        for (name, statements) in landed { #expect(current[name] == statements, "\(name) has changed: correct it by a new step") }
        for (name, statements) in current where landed[name] == nil {
            #expect(isWriting, "\(name) has no entry: run the tests once with SPKEY_WRITE_SAMPLES=1 and commit the file")
            landed[name] = statements
        }
        guard isWriting else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try FileManager.default.createDirectory(at: Self.file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try (encoder.encode(landed) + Data([0x0A])).write(to: Self.file)
    }

    @Test func `steps of a schema have names of their own`() {
        for (schema, steps) in Storage.allSteps { #expect(Set(steps.map(\.name)).count == steps.count, "\(schema)") }
    }
}
