import Application
import Kernel

/// Removes a door from a shared key. Callers who may give keys to its lock may do so for any key, whatever else the key opens.
struct RemoveDoor: Command {
    let key: TempKey.ID
    let door: Count
    let caller: Caller

    var target: String { key.text }

    enum Refusal: DomainError {
        case noSuchDoor
        var kind: RefusalKind { .unknown }
        var message: String { "There is no such door of a temporary key." }
    }

    private func door(of key: TempKey) -> TempKey.Door? { key.isShared ? key.door(door.number) : nil }

    /// Returns the lock of the door.
    func facts(on snapshot: Snapshot<TempKey>, _ request: Request, _ services: Services) async throws -> Snapshot<Lock> {
        guard let door = door(of: snapshot.state) else { throw RequestError(Refusal.noSuchDoor) }
        let lock = try await services.store.load(Lock.self, door.lock.description)
        guard try await lock.state.isGiven(by: caller, services) else { throw Self.rule.violated }
        return lock
    }

    /// Returns no events for a door that has already ended, so repeating the command is harmless.
    func decide(_ key: TempKey, _ lock: Snapshot<Lock>, at now: Timestamp) throws(Refusal) -> [TempKey.Event] {
        guard let door = door(of: key) else { throw .noSuchDoor }
        guard !key.endedDoors.contains(door.id), !key.isRevoked else { return [] }
        return [.doorsEnded([door.id], by: caller.name, at: now)]
    }

    /// When the last door of the key at the lock ends, the lock's event notifies partners.
    func effect(
        of events: [TempKey.Event], on snapshot: Snapshot<TempKey>, _ lock: Snapshot<Lock>, _ request: Request, _ services: Services
    ) throws -> Effect {
        let key = snapshot.state
        guard !events.isEmpty, let door = door(of: key) else { return .none }
        let isLast = !key.doors.contains { $0.id != door.id && $0.lock == door.lock && key.isAlive($0, at: lock.state) }
        return isLast
            ? .local(Changes(appends: [try Append([.tempKeyDeleted(key.id, by: caller.name)], to: lock, at: request.attempt.now)])) : .none
    }

    private static let rule = Rule<RemoveDoor, TempKey>.byFacts("whoever may give keys to the lock of the door")

    static let operation = Operation.command(
        .post, "/temp-keys/{uuid}/doors/{doorId}/remove", "Take a door out of a temporary key for several doors", allow: rule,
        answer: .only(200, .constant("success", true), .member("uuid") { $0.command.key }, .member("doorId") { $0.command.door }),
        inputs: .init(.path("uuid", "The key."), .path("doorId", "The door's number within the key."), .caller),
        make: RemoveDoor.init(key:door:caller:)
    )
}
