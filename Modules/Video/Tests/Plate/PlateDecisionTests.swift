import Application
import Kernel
import KernelTesting
import Testing

@testable import Video

@Suite struct PlateDecisionTests {
    private static let sure = PlateSight(confidence: 0.95, direction: nil)

    private static func candidate(_ user: UserID, _ plate: String = "ABC1234", isExact: Bool = true, isEntitled: Bool = true)
        -> PlateCandidate
    {
        PlateCandidate(user: user, plate: ExactText(plate), isExact: isExact, isEntitled: isEntitled, isListed: false)
    }
    private static func decide(
        _ candidates: [PlateCandidate], _ sight: PlateSight = sure, _ terms: GateRule.Terms = .usual, isLinked: Bool = true,
        isRefused: Bool = false
    ) -> PlateDecision {
        .decide(sight, under: terms, isLinked: isLinked, isRefused: isRefused, candidates: candidates)
    }

    @Test func `the car of somebody who may opens the gate`() {
        let ann = Self.candidate("ann"), eve = Self.candidate("eve", isEntitled: false)
        #expect(Self.decide([ann]) == .open(ann))
        #expect(Self.decide([eve, ann]) == .open(ann))
        #expect(Self.decide([eve]) == .refuse(.notAuthorised, eve))
        #expect(Self.decide([]) == .refuse(.noMatch))
    }

    @Test func `a camera that is not sure, or has no gate, opens nothing`() {
        let ann = Self.candidate("ann")
        #expect(Self.decide([ann], PlateSight(confidence: 0.79, direction: nil)) == .refuse(.lowConfidence))
        #expect(Self.decide([ann], PlateSight(confidence: 0.8, direction: nil)) == .open(ann))
        #expect(Self.decide([ann], isLinked: false) == .refuse(.notLinked, ann))
    }

    @Test func `a plate on the list opens nothing, whoever holds it`() {
        #expect(Self.decide([Self.candidate("ann")], isRefused: true) == .refuse(.refusedPlate))
    }

    @Test func `a direction counts where the rule wants one and the camera says one`() {
        let ann = Self.candidate("ann")
        var terms = GateRule.Terms.usual
        terms.direction = .entering
        func seen(_ direction: GateRule.Direction?) -> PlateDecision {
            Self.decide([ann], PlateSight(confidence: 1, direction: direction), terms)
        }
        #expect(seen(.entering) == .open(ann) && seen(nil) == .open(ann) && seen(.leaving) == .refuse(.wrongDirection))
    }

    @Test func `a reading is mended only for one plate, by a sure camera, and into nobody else's`() {
        let ann = Self.candidate("ann", "A8C1234", isExact: false), bob = Self.candidate("bob", "A8C1234", isExact: false)
        let cat = Self.candidate("cat", "AB01234", isExact: false), eve = Self.candidate("eve", isEntitled: false)
        #expect(Self.decide([ann]) == .open(ann))
        #expect(Self.decide([ann, bob]) == .open(ann))
        #expect(Self.decide([ann, cat]) == .refuse(.noMatch))
        #expect(Self.decide([ann], PlateSight(confidence: 0.85, direction: nil)) == .refuse(.noMatch))
        #expect(Self.decide([eve, ann]) == .refuse(.notAuthorised, eve))
    }

    private let now = Timestamp(milliseconds: 1_755_680_400_000)

    @Test func `a rule is what was given, and the rest stays`() {
        let command = SetGateRule(
            camera: "c", threshold: Share(number: 0.9), coolDown: nil, direction: Nullable(.entering),
            refused: RefusedPlates(plates: ["EVE 1"]))
        let terms = GateRule.Terms(threshold: 0.9, coolDown: 30, direction: .entering, refused: "sealed")
        let facts = SetGateRule.Facts(org: "acme", refused: "sealed")
        Given<GateRule>().when(command, facts, at: now).then(.set(terms, org: "acme", at: now))
        Given<GateRule>(.set(terms, org: "acme", at: now)).when(command, facts, at: now).then()
        Given<GateRule>(.set(terms, org: "acme", at: now)).when(
            SetGateRule(camera: "c", threshold: nil, coolDown: CoolDown(number: 5), direction: Nullable(nil), refused: nil), facts, at: now
        ).then(.set(.init(threshold: 0.9, coolDown: 5, direction: nil, refused: "sealed"), org: "acme", at: now))
    }

    @Test func `refused plates are read by whoever has the key`() throws {
        let vault = FakeServices().services("video").vault
        let sealed = try #require(try GateRule.Terms.sealed(["EVE 1"], of: "c", vault))
        var terms = GateRule.Terms.usual
        #expect(try terms.refusedPlates(of: "c", vault) == [])
        terms.refused = sealed
        #expect(try terms.refusedPlates(of: "c", vault) == ["EVE 1"])
        #expect(try GateRule.Terms.sealed([], of: "c", vault) == nil)
    }

    @Test(
        arguments: [(.double(0.5), 0.5), (.int(80), 0.8), (.int(1), 1), (.int(0), 0), (.int(101), nil), (.double(-0.1), nil), ("1", nil)]
            as [(JSON, Double?)])
    func `a share is of one or of a hundred`(given: JSON, share: Double?) {
        var reading = Reading()
        #expect(Share.read(given, at: "confidence", &reading)?.number == share)
    }

    @Test func `events and states are read by every later build`() throws {
        let terms = GateRule.Terms(threshold: 0.9, coolDown: 5, direction: .leaving, refused: "sealed")
        try GoldenSamples.check([.set(terms, org: "acme", at: now)], of: GateRule.self)
    }
}
