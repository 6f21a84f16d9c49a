import Application
import Kernel

/// What a camera needs besides a plate to open its gate.
struct GateRule: Aggregate {
    static let category = Category("gate-rule", className: "GateRuleAggregate")
    static let events = EventRegistry(GateRuleEvents())

    enum Event: Sendable, Equatable {
        case set(Terms, org: OrgID?, at: Timestamp)
    }

    enum Direction: String, Codable, Sendable, CaseIterable, WireValue { case entering, leaving }

    struct Terms: Sendable, Equatable, Codable {
        /// How sure the camera must be of a plate, from 0 to 1.
        var threshold: Double
        /// How long the same car does not open the gate again, in seconds.
        var coolDown: Int
        /// Only cars that move so; nil for all.
        var direction: Direction?
        /// Plates that never open, encrypted; nil for none. The log keeps no plate.
        var refused: String?

        static let usual = Terms(threshold: 0.8, coolDown: 30, direction: nil, refused: nil)

        private static let purpose = "refused-plates"

        static func sealed(_ plates: [String], of camera: Camera.ID, _ vault: Vault) throws -> String? {
            plates.isEmpty ? nil : try vault.seal(try JSON(encoding: plates).bytes, purpose, camera.text)
        }

        /// The plates, as somebody has typed them.
        func refusedPlates(of camera: Camera.ID, _ vault: Vault) throws -> [String] {
            try refused.map { try JSON.parse(try vault.open($0, Self.purpose, camera.text)).decoded() } ?? []
        }
    }

    private(set) var terms = Terms.usual
    private(set) var org: OrgID?

    mutating func apply(_ event: Event) {
        switch event {
        case .set(let terms, let org, _): (self.terms, self.org) = (terms, org)
        }
    }

    var organisation: OrgID? { org }
}

/// The events of a gate's rule. Partners do not hear them.
struct GateRuleEvents: EventForms {
    let set = EventForm<GateRule>(
        "GateRuleSet", "What a camera needs to open its gate was set.", audience: .modules,
        members: .init(
            .member("threshold"), .member("coolDownSeconds"), .member("direction"), .member("sealedPlates"), .tenant, .member("setAt")),
        make: { (threshold: Double, coolDown: Int, direction: GateRule.Direction?, refused: String?, org: OrgID?, at: Timestamp) in
            .set(GateRule.Terms(threshold: threshold, coolDown: coolDown, direction: direction, refused: refused), org: org, at: at)
        },
        take: { event in
            guard case .set(let it, let org, let at) = event else { return nil }
            return (it.threshold, it.coolDown, it.direction, it.refused, org, at)
        })

    func form(of event: GateRule.Event) -> EventForm<GateRule> {
        switch event {
        case .set: set
        }
    }
}
