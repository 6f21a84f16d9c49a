import Foundation

/// File checks for settings.
enum Files {
    static func isReadable(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }
    static func text(_ path: String) throws -> String { try String(contentsOf: URL(filePath: path), encoding: .utf8) }
}
