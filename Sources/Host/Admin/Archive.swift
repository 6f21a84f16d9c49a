import Foundation
import Kernel

/// Where deleted histories are kept: one file of NDJSON for each, its events as they were stored, what is personal still encrypted.
struct Archive: Sendable {
    private let folder: URL

    init(folder: String) { self.folder = URL(filePath: folder, directoryHint: .isDirectory) }

    /// Throws when nothing can be written.
    func check() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let probe = folder.appending(path: ".probe-\(UUID().uuidString)")
        try Data([0]).write(to: probe)
        try FileManager.default.removeItem(at: probe)
    }

    /// Writes rows of events, and returns the name of the file once it is safe on disk.
    func write(_ rows: [Row], of stream: StreamName, in module: String, at now: Timestamp) throws -> String {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let name = "\(now.milliseconds)-\(module)-\(stream.category)-\(PercentEncoding.encode(stream.id.utf8)).ndjson"
        let lines = try rows.map { try Self.line($0).encoded + "\n" }.joined()
        let file = folder.appending(path: name)
        try Data(lines.utf8).write(to: file, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
        let handle = try FileHandle(forWritingTo: file)
        try handle.synchronize()
        try handle.close()
        return name
    }

    private static func line(_ row: Row) throws -> JSON {
        [
            "category": .string(try row.read("category")), "id": .string(try row.read("id")), "version": .int(try row.read("version")),
            "type": .string(try row.read("type")), "data": try row.read("data", as: JSON.self),
            "orgId": try row.find("org_id", as: String.self).map(JSON.string) ?? .null, "at": .int(try row.read("at")),
        ]
    }
}
