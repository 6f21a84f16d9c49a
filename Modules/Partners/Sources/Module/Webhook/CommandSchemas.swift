import Application
import Kernel

/// Publishes the schemas of the bodies of commands. They derive from the declarations by which the bodies are read.
struct CommandSchemas: Lookup {
    let catalogue: CommandCatalogue

    static let missing: String? = nil
    static let shape = Shape<CommandCatalogue>(.json("commands", .object) { .object($0.schemas) })

    func find(_ request: Request, _ services: Services) async throws -> CommandCatalogue? { catalogue }

    /// - Parameter catalogue: the commands of all modules.
    static func operation(_ catalogue: CommandCatalogue) -> Operation {
        Operation.lookup(
            "/schemas/commands.json", "Read the JSON Schema (draft 2020-12) of the body of every command", allow: .everybody("everybody"),
            inputs: .init(), make: { CommandSchemas(catalogue: catalogue) })
    }
}
