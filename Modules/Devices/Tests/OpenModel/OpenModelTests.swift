import DevicesContracts
import Kernel
import Testing

@testable import Devices

/// Random stories of the model: with every safeguard in place none of them opens a door late, twice or for the wrong person; with
/// any one of them taken out some do.
@Suite(.serialized) struct OpenModelTests {
    /// Tells one story; answers what was wrong with it.
    private static func violation(_ seed: UInt64, without missing: OpenModel.Safeguard? = nil) -> String? {
        let safeguards = Set(OpenModel.Safeguard.allCases).subtracting(missing.map { [$0] } ?? [])
        var chance = InterleavingTests.Chance(state: seed &* 0x5851_F42D_4C95_7F2D), model = OpenModel(safeguards: safeguards)
        for _ in 0..<70 {
            // Mostly what is under way goes on.
            if chance.next() % 10 < 7, let id = model.activities.keys.sorted().randomElement(using: &chance) {
                model.advance(id)
            } else {
                happen(to: &model, &chance)
            }
            if let violation = model.violations.first { return "seed \(seed): \(violation)\n\(model.story.joined(separator: "\n"))" }
        }
        return nil
    }

    /// Something comes from outside.
    private static func happen(to model: inout OpenModel, _ chance: inout InterleavingTests.Chance) {
        let thing = Bool.random(using: &chance) ? OpenModel.lock : OpenModel.matter
        let event = chance.next() % 35
        if event > 20 { model.story.append("event \(event)") }
        switch event {
        case 0..<5:
            guard model.opens.count < 4 else { return }
            model.opens.append(OpenModel.Open(right: Int.random(in: 0..<3, using: &chance), hasOther: chance.next() % 3 > 0))
            model.begin(.send(model.opens.count - 1, isOther: false))
        case 5, 6:
            // The same request once more: its caller does not know what became of it. The edge lets in one at a time.
            guard let open = model.opens.indices.randomElement(using: &chance), !model.opens[open].isDenied, !model.isSending(open) else {
                return
            }
            model.begin(.send(open, isOther: false))
        case 7..<10:
            guard let right = model.rights.indices.randomElement(using: &chance), !model.rights[right].hasEnded else { return }
            model.begin(.end(right, isStored: false))
        case 10..<14: model.begin(.offer(thing))
        case 14..<18:
            guard let action = model.published.sorted(by: { $0.text < $1.text }).randomElement(using: &chance) else { return }
            model.begin(.answer(action))
        case 18, 19:
            guard let open = model.opens.indices.randomElement(using: &chance) else { return }
            model.begin(.withdraw(open))
        case 20: model.begin(.expire(thing))
        case 21: model.pass(.milliseconds(700))
        case 22: model.pass(.milliseconds(1_100))
        case 23: model.pass(.seconds(11))
        case 24: model.pass(.milliseconds(29_500))
        case 25: model.wall = model.wall - .seconds(Bool.random(using: &chance) ? 14 : 3_600)
        case 26: model.wall = model.wall + .seconds(Bool.random(using: &chance) ? 14 : 3_600)
        case 27, 28: model.link = OpenModel.Link.allCases.randomElement(using: &chance) ?? .up
        case 29: model.knowsRights.toggle()
        case 30: model.hearsEnds.toggle()
        case 31: model.die()
        default: model.begin(.standing(thing, isCutOff: event < 34))
        }
    }

    private static let stories: UInt64 = 100_000

    /// The first violation of as many stories, other tests being let through every now and then.
    private static func firstViolation(without missing: OpenModel.Safeguard? = nil) async -> String? {
        for seed in 0..<stories {
            if let violation = violation(seed, without: missing) { return violation }
            if seed % 50 == 0 { await Task.yield() }
        }
        return nil
    }

    @Test func `no story opens a door late, twice or for the wrong person`() async {
        let violation = await Self.firstViolation()
        #expect(violation == nil)
    }

    @Test(arguments: OpenModel.Safeguard.allCases) func `without one of its safeguards some story does`(safeguard: OpenModel.Safeguard)
        async
    {
        let violation = await Self.firstViolation(without: safeguard)
        #expect(violation != nil, "nothing goes wrong without it: it guards nothing, or the stories do not reach what it guards")
    }
}

extension OpenModel {
    func isSending(_ open: Int) -> Bool {
        activities.values.contains { if case .send(open, isOther: false) = $0.kind { true } else { false } }
    }

    mutating func pass(_ span: Duration) {
        elapsed += span.milliseconds
        wall = wall + span
    }
}
