import Foundation
public import Kernel
public import Testing

/// Stored samples of events and states that every later build must read. A sample is a file named after its event. Running the tests with
/// `SPKEY_WRITE_SAMPLES=1` writes the samples of new events; changed events fail.
public enum GoldenSamples {
    /// Checks that each event is encoded as in its sample and decoded to the same event.
    public static func check<A: Aggregate>(
        _ events: [A.Event], of type: A.Type, beside file: String = #filePath, at place: SourceLocation = #_sourceLocation
    ) throws {
        let folder = folder(beside: file)
        let snapshot = Snapshot<A>(stream: StreamName(A.category.name, "1"), state: A(), version: 0, changedAt: Timestamp(milliseconds: 0))
        let now = Timestamp(milliseconds: 1_755_680_400_123)
        var state = snapshot.state
        for event in events {
            state.apply(event)
            let wire = try A.events.encode(event, in: state, at: now)
            let sample = try sample(JSON.object(["type": .string(wire.type), "data": .object(wire.data)]), named: wire.type, in: folder)
            #expect(sample["data"] == .object(wire.data), "\(wire.type) is written differently from its sample", sourceLocation: place)
            let stored = StoredEvent(
                stream: snapshot.stream, version: 1, wire: EventData(wire.type, sample["data"]?.members ?? [:]), at: now,
                org: state.organisation)
            #expect(try A.events.decode(stored) == event, "\(wire.type) is not read as what was written", sourceLocation: place)
        }
        let missing = Set(A.events.all.map(\.name)).subtracting(events.map(A.events.name))
        #expect(missing.isEmpty, "no sample of \(missing.sorted())", sourceLocation: place)
        let written = try JSON(encoding: state)
        let shape = try sample(written, named: "\(A.category.className).state.\(A.category.schemaVersion)", in: folder)
        #expect(shape == written, "the state has another shape: give it a new number", sourceLocation: place)
        let read = try JSON(encoding: try shape.decoded(as: A.self))
        #expect(read == written, "the state is not read as what was written", sourceLocation: place)
    }

    /// Checks that a message is encoded as in its sample and decoded to the same value.
    public static func check(
        _ message: some Codable & Sendable, named name: String, beside file: String = #filePath, at place: SourceLocation = #_sourceLocation
    ) throws {
        let folder = folder(beside: file), written = try JSON(encoding: message)
        let sample = try sample(written, named: name, in: folder)
        #expect(sample == written, "\(name) is written differently from its sample", sourceLocation: place)
        #expect(
            try JSON(encoding: sample.decoded(as: type(of: message))) == written, "\(name) is not read as what was written",
            sourceLocation: place)
    }

    /// Returns all samples beside a test.
    public static func all(beside file: String = #filePath) throws -> [(name: String, json: JSON)] {
        let folder = folder(beside: file)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".json") }.sorted().map { name in
            (String(name.dropLast(5)), try JSON.parse(Array(Data(contentsOf: folder.appending(path: name))), depth: 64))
        }
    }

    /// The folder `Samples` of the tests that a file belongs to, at its own level or above.
    private static func folder(beside file: String) -> URL {
        var place = URL(filePath: file).deletingLastPathComponent()
        while place.lastPathComponent != "Tests" { place.deleteLastPathComponent() }
        return place.appending(path: "Samples")
    }

    private struct Missing: Error, CustomStringConvertible {
        let name: String
        var description: String { "\(name) has no sample: run the tests once with SPKEY_WRITE_SAMPLES=1 and commit the file" }
    }

    private static func sample(_ current: JSON, named name: String, in folder: URL) throws -> JSON {
        let file = folder.appending(path: "\(name).json")
        if let data = try? Data(contentsOf: file) { return try JSON.parse(Array(data), depth: 64) }
        guard ProcessInfo.processInfo.environment["SPKEY_WRITE_SAMPLES"] == "1" else { throw Missing(name: name) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(current.bytes + [0x0A]).write(to: file)
        return current
    }
}
