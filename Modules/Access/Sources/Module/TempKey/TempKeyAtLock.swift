import Kernel

extension TempKey {
    /// Returns whether the key still opens a door. A key ends at a lock when its giver loses the right to give it: a change of tenant ends
    /// every key, a change of owner ends those that the owner gave.
    func isAlive(_ door: Door, at lock: Lock) -> Bool {
        guard !endedDoors.contains(door.id) else { return false }
        guard let hands = door.hands, let giver else {
            // An older key: it is valid if the lock was never transferred, or if the key's creator is still the tenant or owner.
            return lock.hands == LockHands() || ExactText(createdBy) == (lock.org?.text).map(ExactText.init)
                || ExactText(createdBy) == (lock.owner?.text).map(ExactText.init)
        }
        return hands.tenant == lock.hands.tenant && (giver != .owner || hands.owner == lock.hands.owner)
    }

    /// Returns whether the key opens a lock by at least one of its doors.
    func isAlive(at lock: Lock) -> Bool { doors.contains { $0.lock.number == lock.number && isAlive($0, at: lock) } }
}
