import Access
public import Application
import Devices
import Identity
import Kernel
import Partners
import Video

/// The modules of the platform.
public enum Modules {
    public static let all: [Module] = publishing + [partners(EventCatalogue(publishing), CommandCatalogue(publishing))]
    @Sendable static func names() -> [String] { all.map(\.name) }
    private static let publishing = [access, identity, devices, video]

    /// Returns the modules that `--modules` names; all when it names none.
    public static func chosen(_ names: [String]) throws -> [Module] {
        guard !names.isEmpty else { return all }
        return try names.map { name in
            guard let module = all.first(where: { $0.name == name }) else {
                throw ConfigurationError("there is no module '\(name)'; there are \(all.map(\.name).joined(separator: ", "))")
            }
            return module
        }
    }
}
