/// How often a lock has changed hands: what somebody gave who had it before ends with that.
struct LockHands: Sendable, Equatable, Codable {
    var tenant = 0
    var owner = 0
}
