import Application
import Kernel

/// Opens a door for a guest with a temporary key: reserves a use, sends the command to the device and writes the lock's history. If the
/// open cannot be carried out, the use is returned.
struct GuestOpening {
    let services: Services
    let request: Request

    struct Opened: Sendable {
        let door: TempKey.Door
        let action: ActionID
        /// Whether the device is known to be offline: the command waits for it until it expires.
        let isOffline: Bool
    }

    private static let attempts = 8

    /// - Parameter door: the door's number within the key; nil for the first door that opens from the page.
    func open(_ id: TempKey.ID, door number: Int?, byPin: Bool = false) async throws -> Opened {
        let action = request.action
        let (door, count) = try await reserve(id, number, byPin, action)
        let command = OpenByTempKey(lock: door.lock, use: TempKeyUse(key: id, user: request.caller.user, count: count), byPin: byPin)
        do {
            let receipt = try await services.execute(command, for: request.unrecorded).receipt
            return Opened(door: door, action: receipt?.action ?? action, isOffline: receipt?.isOffline ?? false)
        } catch RequestError.outcomeUnknown {
            throw RequestError.outcomeUnknown  // the door may have opened: the use stays spent
        } catch RequestError.fateUnknown(let action) {
            throw RequestError.fateUnknown(action)  // as above
        } catch {
            await giveBack(id, action)
            throw Self.told(error)
        }
    }

    /// Returns the error shown to a guest: a device that does not answer is reported as an error on the server side.
    private static func told(_ error: any Error) -> any Error {
        switch error {
        case RequestError.deviceUnreachable, AskFailure.timedOut, AskFailure.failed:
            RequestError.sideEffectFailed("The door could not be told to open.")
        default: error
        }
    }

    /// Counts a use before anything is sent, so that concurrent guests cannot exceed the limit.
    func reserve(_ id: TempKey.ID, _ number: Int?, _ byPin: Bool, _ action: ActionID) async throws -> (TempKey.Door, count: Int) {
        let streamLock = try await services.store.lockStream(TempKey.stream(id))
        defer { streamLock.release() }
        for _ in 0..<Self.attempts {
            let key = try await services.store.load(TempKey.self, id.text), now = services.clock()
            // A retry of the request does not count the use that it reserved before.
            var before = key.state
            before.apply(.useReturned(action))
            let door = try GuestRefusal.door(number, of: before, for: request.caller.user, byPin: byPin, at: now)
            let lock = try await services.store.load(Lock.self, door.lock.description).state
            try await GuestRefusal.check(door, of: before, at: lock, for: request.caller.user, services)
            guard before.usedCount == key.state.usedCount else { return (door, key.state.usedCount) }
            do {
                let note = UnresolvedUses.note(action, id, door.lock, at: now)
                try await services.store.commit([.useReserved(action)], to: key, rows: [note], at: now, trace: request.trace)
                return (door, key.state.usedCount + 1)
            } catch CommitFailure.versionConflict {}
        }
        throw RequestError.unavailable("Too many guests use this key at once.", retryAfter: .seconds(1))
    }

    private func giveBack(_ id: TempKey.ID, _ action: ActionID) async {
        do { try await UnresolvedUses(services: services).giveBack(action, to: id, request.trace) } catch {
            services.log.warning("A use of a temporary key is given back later", ["key": id.text, "error": "\(error)"])
        }
    }
}
