import AccessContracts
import Application
import Kernel

/// Links a camera to a lock, which the plates that it reads then open. Another link is replaced.
struct LinkCameraToLock: ConcernsCamera {
    let camera: Camera.ID
    let lock: LockReference

    func decide(_ state: Camera, _: NoFacts, at now: Timestamp) throws(CameraRefusal) -> [Camera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        return state.lock == lock ? [] : [.linked(lock)]
    }

    static let operation = Operation.command(
        .post, "/cameras/{id}/LinkCameraToLock", "Let the plates that a camera reads open a lock",
        allow: Rule(
            "the tenant of the camera, its owner for a lock that they may open, or a super key",
            confirms: { link, camera, caller, services in
                guard let user = caller.user, let org = camera.org else { return true }
                let question = PlateRights(lock: link.lock.text, org: org, users: [user])
                let trace = Trace(correlation: link.camera.text, causation: nil)
                return try await services.bus.ask(question, trace: trace, now: services.clock()).entitled.contains(user)
            }, permits: { _, camera, caller in camera.isKept(by: caller) }),
        inputs: .init(.path("id", "Id of the camera."), .body("lockId", "Number or UUID of the lock.")),
        make: LinkCameraToLock.init(camera:lock:))
}

/// Takes the link away.
struct UnlinkCameraFromLock: ConcernsCamera {
    let camera: Camera.ID

    func decide(_ state: Camera, _: NoFacts, at now: Timestamp) throws(CameraRefusal) -> [Camera.Event] {
        guard state.status != .deleted else { throw .isDeleted }
        guard state.lock != nil else { throw .isNotLinked }
        return [.unlinked]
    }

    static let operation = Operation.command(
        .post, "/cameras/{id}/UnlinkCameraFromLock", "Let the plates that a camera reads open nothing", allow: .keeper,
        inputs: .init(.path("id", "Id of the camera.")), make: UnlinkCameraFromLock.init(camera:))
}
