import Application
import Kernel

/// Adds several keys to a lock, one after another with a pause of one second, so that the device keeps up.
struct BulkAddKeys: Workflow {
    static let name = "bulk-add-keys-workflow", label = "Add several keys to a lock"

    let lock: LockID
    let keys: [Key]
    let caller: Caller

    private static let pause = Duration.seconds(1)

    func run(_ steps: Steps, _ services: Services) async throws -> JSON {
        var outcomes: [JSON] = []
        for (place, key) in keys.enumerated() {
            if place > 0 { try await steps.sleep("pause before key \(place + 1)", Self.pause) }
            let step = "key \(place + 1) of \(keys.count)"
            let outcome = try await steps.perform(step) { try await add(key, steps.request(step, by: caller, services), services) }
            outcomes.append(["keyUuid": key.id.json, "outcome": .string(outcome)])
        }
        return ["keys": .array(outcomes)]
    }

    /// Adds one key. A refusal by the lock is noted and the run continues; a missing lock stops the run; any other error is retried.
    private func add(_ key: Key, _ request: Request, _ services: Services) async throws -> String {
        try await checkRight(services)
        do {
            let result = try await services.execute(AddKey(lock: lock, key: key.id, index: key.index, user: key.user), for: request)
            return result.events.isEmpty ? "there already" : "added"
        } catch RequestError.refused(.unknown, _, _) {
            throw WorkflowStop("The lock is gone.")
        } catch RequestError.refused(_, _, let message) {
            return message
        }
    }

    /// Throws unless the caller may still give keys: the lock may have another owner by now, and the user may be suspended.
    private func checkRight(_ services: Services) async throws {
        let lock = try await services.store.load(Lock.self, lock.description)
        guard lock.exists else { throw WorkflowStop("The lock is gone.") }
        guard try await lock.state.isGivenKeys(by: caller, services) else {
            throw WorkflowStop("Who began it may not add keys to the lock any more.")
        }
    }
}

/// The request that starts the workflow.
struct StartBulkAddKeys: WorkflowRequest {
    let lock: LockID
    let keys: BulkKeys
    let run: WorkflowID
    var target: String { lock.description }

    static let shape = Shape<StartBulkAddKeys>(.constant("success", true), .member("lockId") { $0.lock }, .member("instanceId") { $0.run })

    func workflow(of lock: Lock, by caller: Caller) -> BulkAddKeys {
        BulkAddKeys(lock: self.lock, keys: keys.keys, caller: caller.withoutAddress)
    }

    static let operation = Operation.workflow(
        "/locks/{id}/BulkAddKeys", "Add several keys to a lock in the background", allow: .keyGiver,
        inputs: .init(.path("id", "Number of the lock."), .body("keys", "The keys, in order."), .generated("bulk-add-keys")),
        make: StartBulkAddKeys.init(lock:keys:run:)
    )
}

/// One to five hundred keys, in the format of `AddKey`.
struct BulkKeys: WireValue {
    let keys: [Key]
    private static let limit = 500

    static var schema: Schema {
        Schema.list(of: .object(["keyUuid": Key.ID.schema, "keyIndexNumber": .integer.optional, "userId": .string.optional])).limited(
            min: 1, max: Int64(limit))
    }
    var json: JSON { .array(keys.map { ["keyUuid": $0.id.json, "keyIndexNumber": $0.index?.json, "userId": $0.user?.json] }) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> BulkKeys? {
        guard let raw else { return reading.note(path, "is missing") }
        guard let items = raw.items else { return reading.note(path, "must be a list") }
        guard (1...limit).contains(items.count) else { return reading.note(path, "must have 1 to \(limit) keys") }
        let keys = items.enumerated().compactMap { place, item in read(item, at: "\(path)[\(place)]", &reading) as Key? }
        return keys.count == items.count ? BulkKeys(keys: keys) : nil
    }

    private static func read(_ raw: JSON, at path: String, _ reading: inout Reading) -> Key? {
        guard let object = JSON.Object.read(raw, at: path, &reading) else { return nil }
        let id = Key.ID.read(object["keyUuid"], at: "\(path).keyUuid", &reading)
        let index = Int?.read(object["keyIndexNumber"], at: "\(path).keyIndexNumber", &reading)
        let user = UserID?.read(object["userId"], at: "\(path).userId", &reading)
        guard let id, let index, let user else { return nil }
        return Key(id: id, index: index, user: user)
    }
}
