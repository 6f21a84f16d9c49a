import Foundation

/// What settings ask of files.
enum Files {
    static func isReadable(_ path: String) -> Bool { FileManager.default.isReadableFile(atPath: path) }
}
