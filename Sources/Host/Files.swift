import Foundation

/// File checks for settings.
enum Files {
    static func isReadable(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }
}
