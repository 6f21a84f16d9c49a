import Application
import Kernel

/// Sets what a camera needs to open its gate; what is not given stays as it is.
struct SetGateRule: Command {
    let camera: Camera.ID
    let threshold: Share?
    let coolDown: CoolDown?
    let direction: Nullable<GateRule.Direction>?
    let refused: RefusedPlates?

    static let createsAggregate = true
    var target: String { camera.text }

    struct Facts: Sendable {
        let org: OrgID?
        /// The refused plates after the change, encrypted; as they were when they stay the same.
        let refused: String?
    }

    func facts(on snapshot: Snapshot<GateRule>, _ request: Request, _ services: Services) async throws -> Facts {
        let org = try await Camera.kept(camera, by: request.caller, services).org, terms = snapshot.state.terms
        guard let plates = refused?.plates, try terms.refusedPlates(of: camera, services.vault) != plates else {
            return Facts(org: org, refused: terms.refused)
        }
        return Facts(org: org, refused: try GateRule.Terms.sealed(plates, of: camera, services.vault))
    }

    func decide(_ state: GateRule, _ facts: Facts, at now: Timestamp) throws(NoRefusal) -> [GateRule.Event] {
        var terms = state.terms
        if let threshold { terms.threshold = threshold.number }
        if let coolDown { terms.coolDown = coolDown.number }
        if let direction { terms.direction = direction.value }
        terms.refused = facts.refused
        return terms == state.terms && facts.org == state.org ? [] : [.set(terms, org: facts.org, at: now)]
    }

    static let operation = Operation.command(
        .put, "/cameras/{id}/gate-rule", "Set what a camera needs to open its gate",
        allow: .byFacts("the tenant of the camera, its owner, or a super key"),
        answer: .only(200, .constant("success", true)),
        inputs: .init(
            .path("id", "Id of the camera."), .body("threshold", "How sure the camera must be of a plate, from 0 to 1."),
            .body("coolDownSeconds", "How long the same car does not open the gate again."),
            .body("direction", "Only cars that move so; null for all."),
            .body("refusedPlates", "Plates that never open the gate.")),
        make: SetGateRule.init(camera:threshold:coolDown:direction:refused:))
}

/// What a camera needs to open its gate.
struct ShowGateRule: Lookup {
    let camera: Camera.ID

    static let missing: String? = nil
    struct Found: Sendable {
        let terms: GateRule.Terms
        let refused: [String]
    }
    static let shape = Shape<Found>(
        .json("threshold", .number) { .double($0.terms.threshold) }, .member("coolDownSeconds") { $0.terms.coolDown },
        .member("direction") { Nullable($0.terms.direction) }, .member("refusedPlates") { $0.refused })

    func find(_ request: Request, _ services: Services) async throws -> Found? {
        _ = try await Camera.kept(camera, by: request.caller, services)
        let terms = try await services.store.load(GateRule.self, camera.text).state.terms
        return Found(terms: terms, refused: try terms.refusedPlates(of: camera, services.vault))
    }

    static let operation = Operation.lookup(
        "/cameras/{id}/gate-rule", "Read what a camera needs to open its gate",
        allow: .byFacts("the tenant of the camera, its owner, or a super key"), inputs: .init(.path("id", "Id of the camera.")),
        answers: [ResponseSpec(404, "There is no such camera.")], make: ShowGateRule.init(camera:))
}

extension Camera {
    /// Returns a camera that the caller keeps.
    /// - Throws: `RequestError.refused` for a camera that does not exist, or that is another's.
    static func kept(_ camera: Camera.ID, by caller: Caller, _ services: Services) async throws -> Camera {
        let snapshot = try await services.store.load(Camera.self, camera.text)
        guard snapshot.exists else { throw RequestError.refused(.unknown, code: nil, message: "There is no camera '\(camera)'.") }
        guard snapshot.state.isKept(by: caller) else { throw Rule<ShowCamera, Camera>.keeper.violated }
        return snapshot.state
    }
}

/// A share of one, given from 0 to 1 or in per cent.
struct Share: WireValue {
    let number: Double
    static var schema: Schema { Schema.number.with("minimum", 0).with("maximum", 100) }
    var json: JSON { .double(number) }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> Share? {
        guard let number = Double.read(raw, at: path, &reading) else { return nil }
        guard number >= 0, number <= 100 else { return reading.note(path, "must be from 0 to 1, or from 1 to 100 per cent") }
        return Share(number: number > 1 ? number / 100 : number)
    }
}

/// A time without another open, in seconds.
struct CoolDown: BoundedInt {
    static let range = 0...86_400
    let number: Int
}

/// Plates that never open a gate.
struct RefusedPlates: WireValue {
    let plates: [String]
    private static let most = 1_000
    static var schema: Schema { [SeenPlate].schema.with("maxItems", .int(Int64(most))) }
    var json: JSON { plates.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> RefusedPlates? {
        guard let plates = [SeenPlate].read(raw, at: path, &reading) else { return nil }
        return plates.count <= most ? RefusedPlates(plates: plates.map(\.text)) : reading.note(path, "must have at most \(most) items")
    }
}

/// A plate as a camera or a person writes it.
struct SeenPlate: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 32 }
    static func problem(with text: String) -> String? {
        text.contains { $0.isLetter || $0.isNumber } ? nil : "must have letters or digits"
    }
    static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
}
