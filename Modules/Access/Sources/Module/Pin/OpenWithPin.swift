import Application
import Kernel

/// Opens a door for a guest who types a PIN at its panel. All refusals look the same and take the same work, whatever the reason.
enum OpenWithPin {
    static let operation = Operation.custom(
        .post, "/locks/{id}/open-with-pin", "Open a lock with a PIN",
        allow: .everybody("whoever knows a PIN that is valid at the lock now"),
        answers: [
            ResponseSpec(200, "Opened, or queued for a lock that is offline.", .object(["success": .constant(true), "offline": .boolean])),
            ResponseSpec(401, "The PIN does not open this lock now."),
            ResponseSpec(429, "Too many wrong PINs at this lock; Retry-After says when to come back."),
            ResponseSpec(500, "The device did not take the command."), ResponseSpec(503, "PINs are off here."),
        ],
        inputs: .init(.path("id", "Number of the lock."), .body("pin", "What was typed."))
    ) { (request: Request, services: Services, lock: LockID, pin: TypedPin) in
        guard services.settings[AccessSettings.hasPins] else { throw RequestError.notConfigured("PINs are not configured here.") }
        // One attempt at a time per lock, so that concurrent attempts count like successive ones.
        let streamLock = try await services.store.lockStream(StreamName("pin", lock.description))
        defer { streamLock.release() }
        let throttles = try await PinThrottle.load([.lock(lock), .place(request.address), .everywhere], services)
        if let wait = PinThrottle.wait(throttles, at: services.clock()) {
            throw RequestError.tooManyRequests(retryAfter: wait + .milliseconds(999))
        }
        let opened = try await open(lock, Pin(digits: pin.text), request, services)
        guard let opened else {
            if let wait = try await PinThrottle.noteFailure(in: throttles, services) {
                throw RequestError.tooManyRequests(retryAfter: wait + .milliseconds(999))
            }
            throw RequestError.invalidPin
        }
        var own = throttles[0]
        own.noteSuccess(at: services.clock())
        // Failures that others have counted meanwhile stay counted.
        if own != throttles[0] { do { _ = try await services.store.run([own.put(at: services.clock())]) } catch CommitFailure.violated {} }
        return .json(200, ["success": true, "offline": .bool(opened.isOffline)])
    }

    /// Returns nil if the PIN opens nothing here now.
    private static func open(_ lock: LockID, _ pin: Pin, _ request: Request, _ services: Services) async throws -> GuestOpening.Opened? {
        let found = try await services.store.read(pin.digests(services.vault).map { PinRows.find($0, at: lock) }).lazy.compactMap(\.first)
            .first?.find("uuid", as: String.self)
        // A key is loaded even if none was found, so that both cases take the same work.
        let key = try await services.store.load(TempKey.self, found ?? "none").state, now = services.clock()
        guard key.status(at: now) == .valid, let door = key.doors.first(where: { $0.lock == lock && $0.acceptsPin }) else { return nil }
        do {
            return try await GuestOpening(services: services, request: request).open(key.id, door: door.id, byPin: true)
        } catch RequestError
            .refused
        {
            return nil  // the key has ended meanwhile
        }
    }
}
