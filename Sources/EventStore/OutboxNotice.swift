import Kernel

/// What a commit has written to an outbox, so that only the readers wake up who hear it.
public struct OutboxNotice: Sendable, Equatable {
    let source: String
    /// The names of the messages; nil when any may have been written.
    let names: Set<String>?
    /// The shards of their streams, one bit each.
    let shards: UInt64
    /// Where the last of them is, in the epoch of the writer.
    let end: Cursor

    init(source: String, names: Set<String>?, shards: UInt64, end: Cursor) {
        self.source = source
        self.names = names
        self.shards = shards
        self.end = end
    }

    /// Returns the notice of some commits; nil when they wrote nothing to the outbox.
    /// - Parameter end: the place of their last row.
    init?(_ commits: [Commit], in source: String, end: Cursor?) {
        guard let end else { return nil }
        var names: Set<String> = [], shards: UInt64 = 0
        for commit in commits {
            for append in commit.appends where !append.events.isEmpty {
                shards |= 1 << UInt64(Shard.of(append.stream))
                for event in append.events { names.insert(event.wire.type) }
            }
            for message in commit.messages {
                shards |= 1 << UInt64(Shard.of(message.stream))
                names.insert(message.name)
            }
        }
        self.init(source: source, names: names, shards: shards, end: end)
    }

    /// The shards of one part of a subscription.
    static func shards(ofPart part: Int, of parts: Int) -> UInt64 {
        (0..<Int(Shard.count)).filter { $0 % parts == part }.reduce(0) { $0 | 1 << UInt64($1) }
    }
}

/// The form in which a notice travels between processes: source, place, shards and names, separated by spaces.
extension OutboxNotice {
    /// The largest payload of NOTIFY is 8,000 bytes (PostgreSQL, "NOTIFY"); with more names than fit, all are meant.
    private static let maxLength = 7_000

    public var text: String {
        let list = names.map { $0.sorted().joined(separator: ",") } ?? "*"
        let place = "\(end.epoch) \(end.transaction) \(end.position)"
        return "\(source) \(place) \(String(shards, radix: 16)) \(list.utf8.count > Self.maxLength ? "*" : list)"
    }

    public init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, let epoch = Int64(parts[1]), let transaction = Int64(parts[2]), let position = Int64(parts[3]),
            let shards = UInt64(parts[4], radix: 16)
        else { return nil }
        let names = parts[5] == "*" ? nil : Set(parts[5].split(separator: ",").map(String.init))
        self.init(
            source: String(parts[0]), names: names, shards: shards,
            end: Cursor(epoch: epoch, transaction: transaction, position: position))
    }
}
