import AccessContracts
import Application
import IdentityContracts
import Kernel

/// Takes a detection of a plate. Used only within this module.
struct TakeDetection: Ask {
    static let name = "video.TakeDetection", module = "video"
    static let timeout = Duration.seconds(8)
    let camera: Camera.ID
    let detection: Detection
    /// The tenant that says it; nil for the platform's operator.
    let org: OrgID?

    struct Detection: Codable, Sendable {
        let id: String
        let plate: String
        let confidence: Double
        let seenAt: Timestamp?
        let direction: GateRule.Direction?
    }

    struct Reply: Codable, Sendable {
        let id: String
        let camera: Camera.ID
        let outcome: PlateOutcome
        let user: UserID?
        let action: ActionID?
    }

    /// How old a sight may be when the gate is told to open.
    private static let freshness = Duration.seconds(5)

    static func answer(_ services: Services) -> AskHandler {
        AskHandler(TakeDetection.self) { question, context in try await question.carryOut(context.trace, services) }
    }

    private func carryOut(_ trace: Trace, _ services: Services) async throws -> Reply {
        let camera = try await Camera.kept(self.camera, by: .key(org: org ?? "", isSuper: org == nil), services)
        let now = services.clock(), id = "\(self.camera)/\(detection.id)"
        // A clock that is ahead does not make a sight fresher.
        let seenAt = min(detection.seenAt ?? now, now)
        let entry = Sightings.Entry(
            id: id, camera: self.camera, lock: camera.lock, plate: detection.plate, confidence: detection.confidence, at: seenAt)
        // Stored first: a detection that comes again, whatever has become of the first, opens nothing.
        guard try await services.store.run([try Sightings.begin(entry, services.vault)])[0].count == 1 else {
            return try await known(id, services)
        }
        var (decision, gate) = try await weigh(camera, trace, services)
        var action: ActionID?
        if decision.refusal == nil, let holder = decision.holder, let gate, let org = camera.org {
            (decision, action) = try await open(gate, holder, org, seenAt + Self.freshness, id, trace, services)
        }
        let outcome = decision.refusal ?? .opened
        let told = try Commit.OutgoingMessage(
            PlateDetected(
                cameraId: self.camera, detectionId: detection.id, lockId: camera.lock?.text, plate: detection.plate,
                confidence: detection.confidence, matched: decision.holder != nil, matchedUserId: decision.holder?.user,
                actionTaken: outcome, actionId: action, timestamp: seenAt), audience: camera.org.map { [$0] } ?? [], at: now)
        let rows = [Sightings.end(id, outcome, decision.holder?.user, action)]
        try await services.store.commit(Commit(rows: rows, messages: [told], trace: trace))
        return Reply(id: detection.id, camera: self.camera, outcome: outcome, user: decision.holder?.user, action: action)
    }

    private func known(_ id: String, _ services: Services) async throws -> Reply {
        let row = try await services.store.query(Sightings.find(id)).first
        return Reply(
            id: detection.id, camera: camera, outcome: try row?.find("outcome", as: String.self).flatMap(PlateOutcome.init) ?? .openFailed,
            user: try row?.find("user_id"), action: try row?.find("action_id", as: String.self).map { ActionID($0) })
    }

    private func weigh(_ camera: Camera, _ trace: Trace, _ services: Services) async throws -> (PlateDecision, gate: PlateRights.Reply?) {
        let now = services.clock(), terms = try await services.store.load(GateRule.self, self.camera.text).state.terms
        let sight = PlateSight(confidence: detection.confidence, direction: detection.direction)
        guard let org = camera.org, sight.confidence >= terms.threshold else {
            return (.decide(sight, under: terms, isLinked: false, isRefused: false, candidates: []), nil)
        }
        let refused = try terms.refusedPlates(of: self.camera, services.vault)
        let found = try await services.bus.ask(
            PlateHolders(plate: detection.plate, org: org, refused: refused), trace: trace, now: now)
        var gate: PlateRights.Reply?, listed: Set<UserID> = []
        let users = found.holders.map(\.user)
        if camera.status == .active, let lock = camera.lock, !users.isEmpty {
            let rights = try await services.bus.ask(PlateRights(lock: lock.text, org: org, users: users), trace: trace, now: now)
            gate = rights.number == nil ? nil : rights
            if let number = rights.number, let uuid = rights.uuid {
                let question = ListedUsers(users: users, names: ["\(number)", uuid], org: org)
                listed = Set(try await services.bus.ask(question, trace: trace, now: now).users).subtracting(rights.barred)
            }
        }
        let entitled = Set(gate?.entitled ?? [])
        let candidates = found.holders.map { holder in
            PlateCandidate(
                user: holder.user, plate: ExactText(holder.plate), isExact: holder.isExact,
                isEntitled: entitled.contains(holder.user) || listed.contains(holder.user),
                isListed: listed.contains(holder.user) && !entitled.contains(holder.user))
        }
        let isLinked = camera.status == .active && camera.lock != nil
        return (.decide(sight, under: terms, isLinked: isLinked, isRefused: found.isRefused, candidates: candidates), gate)
    }

    /// Opens the gate, unless the same car has just opened it. Of several sights at once, one opens.
    private func open(
        _ gate: PlateRights.Reply, _ holder: PlateCandidate, _ org: OrgID, _ deadline: Timestamp, _ id: String, _ trace: Trace,
        _ services: Services
    ) async throws -> (PlateDecision, ActionID?) {
        let pause = try await services.store.load(GateRule.self, camera.text).state.terms.coolDown, now = services.clock()
        let car = Sightings.car(holder.plate.text, at: gate.number ?? 0, services.vault)
        guard try await services.store.run([Sightings.claim(car, pause: .seconds(Int64(pause)), at: now)])[0].count == 1 else {
            return (.refuse(.coolingDown, holder), nil)
        }
        let question = OpenForPlate(
            number: gate.number ?? 0, org: org, user: holder.user, isListed: holder.isListed, detection: id, deadline: deadline)
        let reply: OpenForPlate.Reply
        do { reply = try await services.bus.ask(question, trace: trace, now: now) } catch {
            // It may have opened: the car does not open it again before the pause is over.
            services.log.warning("A gate may have opened for a plate", ["camera": camera.text, "error": "\(error)"])
            return (.refuse(.openFailed, holder), nil)
        }
        guard let action = reply.action else {
            _ = try await services.store.run([Sightings.release(car)])
            services.log.notice("A gate did not open for a plate", ["camera": camera.text, "reason": reply.reason ?? ""])
            return (.refuse(.openFailed, holder), nil)
        }
        return (.open(holder), action)
    }
}

/// A camera of the tenant has read a number plate. Delivered to that tenant only, and not kept in the log of events.
struct PlateDetected: PublishedMessage {
    static let module = "video", name = "PlateDetected"
    let cameraId: Camera.ID
    let detectionId: String
    let lockId: String?
    let plate: String
    let confidence: Double
    let matched: Bool
    let matchedUserId: UserID?
    let actionTaken: PlateOutcome
    let actionId: ActionID?
    let timestamp: Timestamp
    var stream: StreamName { StreamName("camera", cameraId.text) }
}
