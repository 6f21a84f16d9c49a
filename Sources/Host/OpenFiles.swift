import Glibc

/// The files and sockets that this process may have open at once (`RLIMIT_NOFILE`).
enum OpenFiles {
    /// What is kept free for the database, the broker, deliveries and logs, so that a crowd of clients cannot cut them off.
    private static let reserve = 256

    /// Raises the process's limit as far as the system allows without asking.
    /// - Returns: how many connections may be accepted.
    static func connections(atMost wanted: Int) -> Int {
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(kind, &limit) == 0 else { return wanted }
        let needed = rlim_t(wanted + reserve)
        if limit.rlim_cur < needed {
            limit.rlim_cur = min(needed, limit.rlim_max)
            setrlimit(kind, &limit)
            getrlimit(kind, &limit)
        }
        return max(1, min(wanted, Int(clamping: limit.rlim_cur) - reserve))
    }
}
