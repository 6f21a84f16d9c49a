import Kernel

/// Turns a fence into an SQL condition of the transaction that stores the decision made behind it. This is the only place that reads other
/// modules' aggregates, and it reads only their version and change time.
enum FenceCondition {
    static func sql(_ fence: Fence) -> SQL {
        var condition: SQL = "EXISTS (SELECT 1 FROM platform.credentials_epoch c WHERE c.epoch = \(fence.credentials))"
        for stream in fence.streams {
            // A name that cannot be a module's never matches.
            guard stream.module.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else { return "FALSE" }
            condition = "\(fragment: condition) AND \(fragment: state(stream))"
        }
        return condition
    }

    private static func state(_ stream: Fence.Stream) -> SQL {
        """
        EXISTS (SELECT 1 FROM \(trusted: stream.module).aggregates a
            WHERE a.category = \(stream.category) AND a.id = \(stream.id) AND a.version = \(stream.version) \
        AND a.changed_at = \(stream.changedAt))
        """
    }
}
