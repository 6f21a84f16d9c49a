import Glibc

/// Prevents a second server on an SQLite file: one process serves a file. The lock ends with the process, however that ends.
final class DatabaseLock: Sendable {
    private let descriptor: Int32

    /// Throws `ConfigurationError` while another process serves the file.
    init(serving path: String) throws {
        let name = path + ".lock"
        descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ConfigurationError("\(name) cannot be opened: \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ConfigurationError("another process serves \(path): SQLite means one process; stop it, or use PostgreSQL")
        }
    }

    deinit { close(descriptor) }
}
