import Foundation
public import Kernel

/// The clocks of the machine.
public enum Clocks {
    public static let wall: @Sendable () -> Timestamp = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// The kernel's boot id and the time since boot, including sleep.
    public static let uptime: @Sendable () -> Uptime = {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return Uptime(boot: boot, milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }
    private static let boot =
        (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?.filter { !$0.isWhitespace } ?? ""
}
