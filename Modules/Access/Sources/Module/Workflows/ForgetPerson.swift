import Application
import Kernel

/// Removes an erased user from the locks: keys and doorbell entries.
struct ForgetPerson: Workflow {
    static let name = "forget-person-workflow", label = "Take an erased person from the locks"

    let user: UserID

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        let user = user
        let places = try await steps.perform("find the keys") {
            try await services.store.query(LockKeysView.places(of: user)).map { try LockKeysView.Place($0) }.map {
                Batched(lock: $0.lock.number, key: $0.key.id)
            }
        }
        let residences = try await steps.perform("find the doorbells") {
            try await services.store.query(ResidentsView.locks(of: user)).compactMap {
                try $0.find("lock_id", as: String.self).flatMap { Int($0) }
            }
        }
        // Doorbell entries first: they need no device.
        for lock in residences {
            try await remove("doorbell of lock \(lock)", steps, services) { request in
                _ = try await services.execute(
                    RemoveResident(lock: LockID(lock), email: nil, phone: nil, user: NonEmptyString(user.text)), for: request)
            }
        }
        for place in places {
            try await remove("key \(place.key) of lock \(place.lock)", steps, services) { request in
                _ = try await services.execute(RemoveKey(lock: LockID(place.lock), key: place.key, index: nil), for: request)
            }
        }
        return ["keys": places.count.json, "doorbells": residences.count.json]
    }

    private struct Batched: Codable, Sendable {
        let lock: Int
        let key: Key.ID
    }

    /// Performs one removal. An entry that is already gone counts as removed.
    private func remove(_ step: String, _ steps: Steps, _ services: Services, _ body: @escaping @Sendable (Request) async throws -> Void)
        async throws
    {
        let user = user
        try await steps.performOnDevice(step, services) {
            do { try await body(steps.request(step, by: .user(user, email: nil), services)) } catch RequestError.refused(_, _, let message)
            {
                return message
            }
            return "removed"
        }
    }
}
