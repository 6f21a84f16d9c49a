/// Counts the transfers of a lock to another tenant or owner. Whatever a previous tenant or owner gave ends with the transfer.
struct LockHands: Sendable, Equatable, Codable {
    var tenant = 0
    var owner = 0
}
