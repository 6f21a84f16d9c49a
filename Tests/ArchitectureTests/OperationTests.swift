import Application
import Foundation
import HTTPEdge
import Host
import Kernel
import Testing

/// Every operation is complete: it has a rule, is described, and stands in its module's table of contents.
@Suite struct OperationTests {
    static let all = Modules.operations.map(\.operation)

    @Test(arguments: all.map(\.key)) func `an operation is authorised and described`(key: String) throws {
        let operation = try #require(Self.all.first { $0.key == key })
        #expect(!operation.rule.isEmpty && !operation.summary.isEmpty)
        #expect(
            operation.fields.allSatisfy { !$0.note.isEmpty && $0.note.hasSuffix(".") == true || $0.place == .path && !$0.note.isEmpty },
            "a field is not described")
        #expect(operation.answers.contains { $0.status < 400 } && operation.answers.allSatisfy { !$0.note.isEmpty })
    }

    @Test(arguments: all.map(\.key)) func `path parameters and fields agree`(key: String) throws {
        let operation = try #require(Self.all.first { $0.key == key })
        let wanted = operation.path.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
        #expect(operation.fields.filter { $0.place == .path }.map(\.name).sorted() == wanted.sorted())
    }

    @Test func `no address is served twice`() { #expect(Set(Self.all.map(\.key)).count == Self.all.count) }

    @Test(arguments: Modules.all.map(\.name)) func `every operation that is written is listed`(module: String) throws {
        let context = try #require(Modules.all.first { $0.name == module })
        let text = StructureTests.files(in: "Modules/\(module.capitalized)/Sources/Module").map(\.text).joined()
        let written = text.matches(
            of: /\n    static (?:let|func) \w+(?:\([^)]*\) -> Operation \{| =)\s+(?:Operation\.\w+|Portal\.(?:page|form)|make)\(/
        ).count
        #expect(written == context.operations.count)
    }

    @Test func `the document names every operation with its security`() {
        let paths = System.document(Settings.none).json["paths"]?.members ?? [:]
        for operation in Self.all {
            let entry = paths[operation.path]?[operation.method.rawValue.lowercased()]
            #expect(
                entry?["security"]?.items?.isEmpty == false && ["200", "201", "303"].contains { entry?["responses"]?[$0] != nil },
                "\(operation.key)")
        }
    }

    @Test func `the gateway knows every path`() throws {
        let names = Modules.all.map(\.name)
        let text = try Gateway(listen: "127.0.0.1:1", upstreams: Dictionary(uniqueKeysWithValues: names.map { ($0, "127.0.0.1:2") }))
            .configuration
        for module in Modules.all {
            for operation in module.operations {
                let pattern = operation.path.split(separator: "/").map { $0.first == "{" ? "/[^/]+" : "/" + $0.replacing(".", with: "\\.") }
                    .joined()
                #expect(text.contains("location ~ ^\(pattern)/?$ { proxy_pass http://\(module.name); }"), "\(operation.key)")
            }
        }
        #expect(throws: ConfigurationError.self) { try Gateway(listen: "127.0.0.1:1", upstreams: [:]) }
    }
}
