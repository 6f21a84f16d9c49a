import Application
import Kernel

/// Removes a key that its holder no longer has from every lock that lists it.
struct RemoveKeyEverywhere: Workflow {
    static let name = "remove-key-workflow", label = "Remove a wallet key from its locks"

    let key: Key.ID
    let holder: UserID

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let key = key
        let locks = try await steps.perform("find the locks") {
            try await services.store.query(LockKeysView.places(of: key)).map { try LockKeysView.Place($0) }.map(\.lock.number)
        }
        for lock in locks { try await steps.performOnDevice("lock \(lock)", services) { try await remove(LockID(lock), steps, services) } }
        return ["locks": .array(locks.map { .int(Int64($0)) })]
    }

    /// Removes the key from one lock. A key that has left the lock meanwhile counts as removed.
    private func remove(_ lock: LockID, _ steps: Steps, _ services: Services) async throws -> String {
        do {
            let request = steps.request("lock \(lock)", by: .user(holder, email: nil), services)
            _ = try await services.execute(RemoveKey(lock: lock, key: key, index: nil), for: request)
            return "removed"
        } catch RequestError.refused(_, _, let message) {
            return message
        }
    }
}
