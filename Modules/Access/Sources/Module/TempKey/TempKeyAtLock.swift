import Kernel

extension TempKey {
    /// Whether it still opens a door: a key ends at a lock when whoever gave it loses the right to give it. A change of tenant
    /// ends every key, a change of owner those that the owner gave.
    func isAlive(_ door: Door, at lock: Lock) -> Bool {
        guard !endedDoors.contains(door.id) else { return false }
        guard let hands = door.hands, let giver else {
            // A key of old: it is told by who made it.
            return lock.hands == LockHands() || ExactText(createdBy) == (lock.org?.text).map(ExactText.init)
                || ExactText(createdBy) == (lock.owner?.text).map(ExactText.init)
        }
        return hands.tenant == lock.hands.tenant && (giver != .owner || hands.owner == lock.hands.owner)
    }

    /// Whether it opens a lock by one of its doors.
    func isAlive(at lock: Lock) -> Bool { doors.contains { $0.lock.number == lock.number && isAlive($0, at: lock) } }
}
