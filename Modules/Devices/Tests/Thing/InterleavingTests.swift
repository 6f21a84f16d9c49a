import Database
import DevicesContracts
import Foundation
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// Opens, ends of rights, devices that come and go, links that break and time that passes, in every order that chance comes up with.
@Suite struct InterleavingTests {
    /// SplitMix64: the same seed tells the same story.
    struct Chance: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    enum Step: CaseIterable {
        case open, openWhileRightEnds, end, ask, comeBack, answer, report, wait, linger, linkDown, linkLossy, linkUp, relink, expire,
            loseRights, findRights
    }

    /// What has to be true of an open, whatever has happened.
    struct Story {
        var rights: [ActionID: JSON] = [:]
        var beginnings: [ActionID: Timestamp] = [:]
        /// Opens of which nothing may be shown any more, and how much had been published by then.
        var over: [ActionID: (since: Int, why: String)] = [:]
        var told: [String] = []

        mutating func end(_ action: ActionID, _ stage: ThingStage, _ why: String) {
            if over[action] == nil { over[action] = (stage.count, why) }
        }
    }

    static func shown(_ message: HubLink.Outbound) -> String? {
        guard let payload = try? JSON.parse(message.payload, depth: 64) else { return nil }
        switch message.tail {
        case "update/delta": return payload["state"]?["message_id"]?.text
        case "get/accepted": return payload["state"]?["desired"]?["message_id"]?.text
        case "update/documents": return payload["current"]?["state"]?["desired"]?["message_id"]?.text
        default: return nil
        }
    }

    static func run(_ stage: ThingStage, _ seed: UInt64) async throws -> [String] {
        var chance = Chance(state: seed), story = Story()
        for number in 0..<14 {
            let step = Step.allCases.randomElement(using: &chance) ?? .open,
                pick = story.rights.keys.sorted { $0.text < $1.text }.randomElement(using: &chance)
            story.told.append("\(step) \(pick?.text ?? "")")
            switch step {
            case .open, .openWhileRightEnds:
                let action = ActionID("s\(seed)-\(number)"), right = action.json
                let command = ThingRightsTests.unlock(action, right), context = stage.context
                (story.rights[action], story.beginnings[action]) = (right, stage.now)
                if step == .openWhileRightEnds {
                    async let sent = stage.runner.send(command, context)
                    stage.end(right)
                    let isSeen = (try? await stage.runner.lookAgain(at: "lock:7", ThingStage.trace)) != nil
                    _ = try? await sent
                    // One that was stored after the look is the fence's to refuse; the outbox has it looked at once more.
                    if isSeen, (try? await stage.runner.lookAgain(at: "lock:7", ThingStage.trace)) != nil {
                        story.end(action, stage, "its right had ended")
                    }
                } else {
                    _ = try? await stage.runner.send(command, context)
                }
            case .end:
                guard let pick, let right = story.rights[pick] else { continue }
                stage.end(right)
                if (try? await stage.runner.lookAgain(at: "user:ann", ThingStage.trace)) != nil {
                    story.end(pick, stage, "its right had ended")
                }
            case .ask: try? await stage.runner.receive(.shadow("t", shadow: "command", verb: .get, payload: []))
            case .comeBack: try? await stage.runner.receive(.presence("t", HubLink.SignOfLife(isOnline: true)))
            case .answer:
                guard let pick else { continue }
                if (try? await stage.answer(pick.text)) != nil { story.end(pick, stage, "the door had opened") }
            case .report:
                try? await stage.runner.receive(
                    .shadow("t", shadow: "command", verb: .update, payload: (["state": ["reported": ["a": 1]]] as JSON).bytes))
            case .wait: stage.pass(.seconds(2))
            case .linger: stage.pass(.seconds(16))
            case .linkDown: stage.set(isUp: false)
            case .linkLossy: stage.set(isLossy: true)
            case .linkUp:
                stage.set(isUp: true)
                stage.set(isLossy: false)
            case .relink: try? await stage.runner.offerUnanswered()
            case .expire: try? await stage.runner.expire("t")
            case .loseRights: stage.set(knowsRights: false)
            case .findRights: stage.set(knowsRights: true)
            }
            for (action, began) in story.beginnings where stage.now >= began + .seconds(30) {
                story.end(action, stage, "its time was over")
            }
        }
        return stage.violations(of: story).map { "seed \(seed): \($0)\n\(story.told.joined(separator: ", "))" }
    }

    private static let stories = ProcessInfo.processInfo.environment["SPKEY_TEST_STORIES"].flatMap(UInt64.init) ?? 1_000

    @Test(.sqlite) func `no open is shown once its right, its time or its need is over`() async throws {
        let stage = try await ThingStage(TestDatabase.current)
        var shown = UInt64(0)
        for seed in 0..<Self.stories {
            let violations = try await Self.run(stage, seed)
            shown += UInt64(Set(stage.everything.compactMap(Self.shown)).count)
            #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
            try await stage.startOver()
        }
        // The stories do open doors.
        #expect(shown > Self.stories / 2)
    }
}

extension ThingStage {
    func violations(of story: InterleavingTests.Story) -> [String] {
        let all = everything
        return story.over.compactMap { action, end in
            guard let place = all.indices.dropFirst(end.since).first(where: { InterleavingTests.shown(all[$0]) == action.text }) else {
                return nil
            }
            return "\(action) was shown in \(all[place].tail) when \(end.why)"
        }
    }
}
