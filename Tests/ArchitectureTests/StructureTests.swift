import Application
import Foundation
import Host
import Kernel
import Testing

/// The shape of the project, held by what is found in its folders.
@Suite struct StructureTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let modules =
        (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Modules").path))?.filter { !$0.hasPrefix(".") }.sorted()
        ?? []

    static func files(in folder: String) -> [(path: String, text: String)] {
        let base = root.appending(path: folder)
        let found = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") } ?? []
        return found.sorted().compactMap { path in
            (try? String(contentsOf: base.appending(path: path), encoding: .utf8)).map { ("\(folder)/\(path)", $0) }
        }
    }

    static func imports(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"), !line.hasPrefix("//"), place <= 2, place + 1 < words.count else { return nil }
            return String(words[place + 1])
        }
    }

    @Test func `the running modules are the folders`() { #expect(Modules.all.map { $0.name.capitalized }.sorted() == Self.modules) }

    @Test(arguments: modules) func `a module imports its own code, contracts and what carries modules`(module: String) {
        let contracts = Set(Self.modules.map { "\($0)Contracts" })
        for file in Self.files(in: "Modules/\(module)/Sources/Module") {
            let foreign = Self.imports(file.text).filter {
                !["Application", "Kernel", "Synchronization", "PhoneNumbers"].contains($0) && !contracts.contains($0)
            }
            #expect(foreign.isEmpty, "\(file.path) imports \(foreign)")
        }
    }

    @Test(arguments: modules) func `contracts know the kernel only`(module: String) {
        for file in Self.files(in: "Modules/\(module)/Sources/Contracts") {
            #expect(Self.imports(file.text).allSatisfy { $0 == "Kernel" }, "\(file.path)")
        }
    }

    /// What processes remember of states and credentials ends with the epoch; whoever raises it says so to its own process, too.
    @Test func `states and credentials are changed where what is remembered of them ends`() throws {
        let files = (["Sources"] + Self.modules.map { "Modules/\($0)/Sources" }).flatMap { Self.files(in: $0) }
        let raise = /UPDATE platform\.credentials_epoch/, raising = files.filter { $0.text.contains(raise) }.map(\.path)
        #expect(raising == ["Sources/Database/CredentialsEpoch.swift"])
        // A state that is folded again before the schema counts as migrated is remembered by nobody; a row that is locked stays the same.
        let write = /(INSERT INTO|UPDATE|DELETE FROM) (\\\([a-z]+: [^)]*\)|\w+)\.aggregates(?! SET version = version)/
        let writing = files.filter { $0.text.contains(write) && !$0.text.contains("CredentialsEpoch.raise") }.map(\.path)
        #expect(writing == ["Sources/EventStore/CommitScript.swift", "Sources/EventStore/UUIDFolding/SealedDocuments.swift"])
    }

    /// What stands in Kernel can be called in a test without a stage: no import, nothing that waits, nothing that is shared.
    @Test func `the kernel is pure`() throws {
        let impure = try Regex(#"\b(async|await|Task|Mutex|Atomic|actor|unsafe)\b"#)
        for file in Self.files(in: "Sources/Kernel") {
            #expect(Self.imports(file.text).isEmpty, "\(file.path)")
            for line in Self.code(file.text).split(separator: "\n") where line.contains(impure) { Issue.record("\(file.path): \(line)") }
        }
    }

    /// The text without comments and without what stands between quotes.
    static func code(_ text: String) -> String {
        text.replacing(/\/\/[^\n]*/, with: "").replacing(/"""[\s\S]*?"""/, with: "\"\"").replacing(/"(?:\\.|[^"\\\n])*"/, with: "\"\"")
    }

    private static let targets: [String] = ["Sources", "Modules"].flatMap { folder in
        let base = root.appending(path: folder), names = (try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []
        guard folder == "Modules" else { return names.filter { !$0.hasPrefix(".") }.map { "\(folder)/\($0)" } }
        return names.filter { !$0.hasPrefix(".") }.flatMap { module in
            let sources = "\(folder)/\(module)/Sources"
            let parts = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: sources).path)) ?? []
            return parts.map { "\(sources)/\($0)" }
        }
    }.sorted()

    /// A file that names a type of another depends on it. Whoever reads a target can begin with the files that depend on none.
    @Test(arguments: targets) func `files of a target depend on each other in no circle`(target: String) throws {
        let graph = FileGraph(Self.files(in: target).map { ($0.path, Self.code($0.text)) })
        #expect(graph.circle == nil, "\(graph.circle?.joined(separator: " → ") ?? "")")
    }

    @Test func `only the client opens outbound connections`() {
        for folder in ["Sources", "Modules"] {
            for file in Self.files(in: folder) where Self.imports(file.text).contains("CCurl") {
                #expect(file.path.hasPrefix("Sources/HTTPClient/"))
            }
        }
    }

    @Test(arguments: modules) func `a module has one public value`(module: String) {
        let lines = Self.files(in: "Modules/\(module)/Sources/Module").flatMap { $0.text.split(separator: "\n") }
        let declared = lines.filter { $0.hasPrefix("public ") && !$0.hasPrefix("public import") }
        let name = module.lowercased(),
            forms = ["public let \(name) = Module(", "public func \(name)(_ catalogue: EventCatalogue, "]
        #expect(declared.count == 1 && forms.contains { declared.first?.hasPrefix($0) == true }, "\(declared)")
    }

    @Test(arguments: ["Sources", "Modules", "Tests"]) func `files stay short`(folder: String) {
        for file in Self.files(in: folder) {
            #expect(file.text.split(separator: "\n", omittingEmptySubsequences: false).count <= 301, "\(file.path)")
        }
    }

    @Test func `no file is a place for anything`() {
        let banned = ["Utils", "Common", "Helpers", "Manager"]
        for file in Self.files(in: "Sources") + Self.files(in: "Modules") {
            #expect(!banned.contains { file.path.contains($0) }, "\(file.path)")
        }
    }

    /// Swift's texts are equal when they look alike (Unicode canonical equivalence), ids when their bytes are.
    @Test func `raw texts are compared byte by byte, or as what they are`() throws {
        let beside = try Regex(#"\.text\s*[=!]=\s*[^"\s]"#), after = try Regex(#"[=!]=\s*[A-Za-z_][\w.?!]*\.text(?![\w(])"#)
        for file in Self.files(in: "Modules").filter({ $0.path.contains("/Sources/") }) + Self.files(in: "Sources/HTTPEdge")
            + Self.files(in: "Sources/EventStore")
        {
            for line in file.text.split(separator: "\n") where line.contains(beside) || line.contains(after) {
                Issue.record("\(file.path): \(line)")
            }
        }
    }

    /// The names of the events that a module stores, by its samples.
    private static func events(of module: String) -> [String] {
        let folder = root.appending(path: "Modules/\(module)/Tests/Samples")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.first?.isUppercase == true && $0.hasSuffix(".json") && !$0.dropLast(5).contains(".") }.map {
            String($0.dropLast(5))
        }
    }

    /// Others hear of an event by its type in the contracts.
    @Test(arguments: modules) func `no module spells an event of another`(module: String) {
        let foreign = Self.modules.filter { $0 != module }.flatMap(Self.events)
        for file in Self.files(in: "Modules/\(module)/Sources/Module") {
            for name in foreign { #expect(!file.text.contains("\"\(name)\""), "\(file.path): \(name)") }
        }
    }

    @Test func `decisions know neither clock nor chance`() {
        for file in Self.files(in: "Modules") where file.text.contains("func decide(") && file.path.contains("/Module/") {
            let rest = file.text.components(separatedBy: "func decide(")[1], line = rest.prefix { $0 != "\n" }
            let body = line.hasSuffix("}") ? String(line) : rest.components(separatedBy: "\n    }").first ?? ""
            for word in ["Date()", "UUID", "random", "await ", "clock"] { #expect(!body.contains(word), "\(file.path): \(word)") }
        }
    }
}
