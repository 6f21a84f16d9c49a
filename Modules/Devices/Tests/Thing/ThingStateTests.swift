import DevicesContracts
import Kernel
import Testing

@testable import Devices

/// What inputs mean for a thing: without a clock, a store or a link.
@Suite struct ThingStateTests {
    static let unlock = DeviceCommand.unlock(reason: nil, request: nil)
    let now = ClockReading(Timestamp(milliseconds: 1_000_000))

    func command(
        _ action: ActionID, _ command: DeviceCommand = unlock, age: Duration = .zero, lifetime: Duration? = .seconds(30),
        stage: PendingCommand.Stage = .accepted, on thing: ThingName = "t", wasLate: Bool = false, partOf: ActionID? = nil
    ) -> PendingCommand {
        let created = now.moment - age
        return PendingCommand(
            action: action, thing: thing, shadow: "command", command: command, expiresAt: lifetime.map { created + $0 }, context: ["c": 1],
            org: "acme", createdAt: created, stage: stage, wasLate: wasLate, partOf: partOf)
    }

    /// - Parameter showing: the command that the slot shows before.
    func state(
        _ commands: [PendingCommand], showing: PendingCommand? = nil, fallen: [PendingCommand] = [], withheld: Set<ActionID> = [],
        named: PendingCommand? = nil, others: Others = [:], shadowCount: Int = 0, shadow name: String? = "command"
    ) -> ThingState {
        var shadow = Shadow()
        _ = shadow.replaceDesired(with: showing?.slot(at: now) ?? .null, at: now.moment)
        return ThingState(
            thing: "t", shadowName: name, shadow: shadow, owner: .tenant("acme", hub: nil), commands: commands, fallen: fallen,
            withheld: withheld, named: named, shadowCount: shadowCount, others: others)
    }

    func handle(_ input: ThingState.Input, _ state: ThingState) throws -> Outcome {
        var state = state
        return Outcome(actions: try state.handle(input, at: now), state: state)
    }

    /// What followed from an input, in parts that tests ask for.
    struct Outcome {
        let actions: [ThingState.Action]
        let state: ThingState

        var finished: [CommandFinished] { actions.compactMap { if case .finish(let event) = $0 { event } else { nil } } }
        /// The stored ends, as `action stage`, with `late` behind late ones.
        var ends: [String] {
            actions.compactMap {
                guard case .store(.end(let command, let stage, _, let isLate)) = $0 else { return nil }
                return "\(command.action) \(stage.rawValue)" + (isLate ? " late" : "")
            }
        }
        func published(_ tail: String) -> [(payload: JSON, about: ActionID?)] {
            actions.compactMap {
                guard case .publish(let publication, let command) = $0, publication.tail == tail else { return nil }
                return (publication.payload, command?.action)
            }
        }
        /// The command in the slot.
        var slot: JSON? { state.shadow.desired["message_id"] }
        /// The shadow is stored as it is in the state.
        var storesShadow: Bool { actions.contains(.store(.shadow(state.shadow))) }
    }

    func answer(_ action: String, _ status: String = "ok") -> ThingState.Input {
        .update(["state": ["reported": ["lastCommand": ["message_id": .string(action), "status": .string(status)]]]])
    }

    // MARK: - Reading

    @Test func `a device that asks is shown the oldest command, and the slot moves on to it`() throws {
        let old = command("old", age: .seconds(9)), new = command("new")
        let outcome = try handle(.get(token: "x"), state([new, old], showing: new))
        let answer = try #require(outcome.published("get/accepted").first)
        #expect(
            answer.payload["state"]?["desired"]?["message_id"] == "old" && answer.about == "old" && answer.payload["clientToken"] == "x")
        #expect(answer.payload["state"]?["desired"]?["ttl_ms"] == 21_000)
        #expect(outcome.slot == "old" && outcome.storesShadow)
    }

    @Test func `a slot that shows the right command is not written`() throws {
        let only = command("a")
        #expect(try !handle(.get(token: nil), state([only], showing: only)).storesShadow)
    }

    @Test func `a command whose time, right or need is over is not shown`() throws {
        let over = command("a", age: .seconds(30)), done = command("b", stage: .succeeded), fine = command("c", partOf: "c")
        for state in [
            state([over], showing: over), state([], showing: done), state([fine], showing: fine, withheld: ["c"]),
            state([fine], showing: fine, others: ["c": command("d", stage: .succeeded, partOf: "c")]),
            state([], showing: fine, fallen: [fine], others: ["c": command("d", stage: .failed, partOf: "c")]),
        ] {
            let outcome = try handle(.get(token: nil), state)
            let answer = try #require(outcome.published("get/accepted").first)
            #expect(answer.payload["state"]?["desired"] == nil && answer.about == nil && outcome.slot == nil)
        }
    }

    @Test func `a shadow that was deleted is not there`() throws {
        let deleted = try handle(.delete(token: nil), state([], shadow: "device_state"))
        #expect(deleted.storesShadow && deleted.published("delete/accepted").count == 1)
        #expect(throws: Shadow.Rejection.none("device_state")) { try handle(.get(token: nil), deleted.state) }
        #expect(throws: Shadow.Rejection.none("device_state")) { try handle(.delete(token: nil), deleted.state) }
    }

    @Test func `what commands stand on cannot be deleted, as a whole or by a null`() {
        let fine = command("c")
        for input in [ThingState.Input.delete(token: nil), .update(["state": .null]), .update(["state": ["desired": .null]])] {
            #expect(throws: Shadow.Rejection.forbidden) { try handle(input, state([fine], showing: fine)) }
        }
    }

    // MARK: - Answers

    @Test func `an answer ends its command and shows the next one`() throws {
        let done = command("done", age: .seconds(1)), next = command("next")
        let outcome = try handle(answer("done"), state([done, next], showing: done, named: done))
        #expect(outcome.ends == ["done succeeded"] && outcome.slot == "next" && outcome.storesShadow)
        #expect(outcome.finished.map(\.outcome) == [.succeeded] && outcome.finished[0].context == ["c": 1])
        #expect(outcome.published("update/delta").map { $0.payload["state"]?["message_id"] } == ["next"])
        #expect(outcome.published("update/delta").map(\.about) == ["next"] && outcome.published("update/accepted").map(\.about) == [nil])
    }

    @Test func `a failure says what the device said, within limits`() throws {
        let failed = command("a")
        let report: JSON = ["message_id": "a", "status": "error", "error": .string(String(repeating: "x", count: 600))]
        let outcome = try handle(.update(["state": ["reported": ["lastCommand": report]]]), state([failed], showing: failed, named: failed))
        #expect(outcome.finished.map(\.outcome) == [.failed] && outcome.finished[0].error?.count == 500 && outcome.slot == nil)
        let silent = try handle(answer("a", "error"), state([failed], showing: failed, named: failed))
        #expect(silent.finished.map(\.error) == ["the device reported an error"])
    }

    @Test func `a late answer is told as late, and a late success once`() throws {
        let over = command("a", age: .seconds(31))
        let open = try handle(answer("a"), state([over], named: over))
        #expect(open.ends == ["a succeeded late"] && open.finished.map(\.isLate) == [true])
        for stage in [PendingCommand.Stage.expired, .withdrawn] {
            let ended = command("a", age: .seconds(31), stage: stage)
            let outcome = try handle(answer("a"), state([], named: ended))
            #expect(outcome.ends == ["a \(stage.rawValue) late"] && outcome.finished.map(\.outcome) == [.succeeded])
            #expect(try handle(answer("a", "error"), state([], named: ended)).ends.isEmpty)
            let told = command("a", age: .seconds(31), stage: stage, wasLate: true)
            #expect(try handle(answer("a"), state([], named: told)).ends.isEmpty)
        }
        for stage in [PendingCommand.Stage.succeeded, .failed] {
            #expect(try handle(answer("a"), state([], named: command("a", stage: stage))).ends.isEmpty)
        }
    }

    @Test func `an answer to another thing's command ends nothing`() throws {
        let foreign = command("a", on: "u")
        let outcome = try handle(answer("a"), state([], named: foreign))
        #expect(outcome.ends.isEmpty && outcome.finished.isEmpty && outcome.published("update/accepted").count == 1)
    }

    @Test func `a removed key is not added by a command from before`() throws {
        let key = DeviceKey(id: "k"), removal = command("r", .removeKey(key), lifetime: nil)
        let before = command("b", .addKey(key, holder: nil), age: .seconds(1), lifetime: nil)
        let other = command("o", .addKey(DeviceKey(id: "l"), holder: nil), age: .seconds(1), lifetime: nil)
        let outcome = try handle(answer("r"), state([removal, before, other], showing: removal, named: removal))
        #expect(outcome.ends == ["r succeeded", "b withdrawn"] && outcome.slot == "o")
        #expect(outcome.finished.map(\.error) == [nil, "the key was removed meanwhile"])
    }

    @Test func `a success ends the other command of the open, wherever it is`() throws {
        for thing in ["t", "u"] as [ThingName] {
            let first = command("a", partOf: "a"), second = command("b", on: thing, partOf: "a")
            let own = thing == "t" ? [first, second] : [first]
            let outcome = try handle(answer("a"), state(own, showing: first, named: first, others: ["a": second, "b": first]))
            #expect(outcome.ends == ["a succeeded", "b withdrawn"] && outcome.finished.map(\.action) == ["a"] && outcome.slot == nil)
            #expect(outcome.actions.contains(.refresh(second)) == (thing == "u"))
        }
    }

    @Test func `a failure beside an open command is not the end of the open`() throws {
        let first = command("a", partOf: "a"), second = command("b", partOf: "a")
        let outcome = try handle(answer("a", "error"), state([first, second], named: first, others: ["a": second, "b": first]))
        #expect(outcome.ends == ["a failed"] && outcome.finished.isEmpty && outcome.slot == "b")
    }

    @Test func `devices write no commands, and no more shadows than they may have`() {
        #expect(throws: Shadow.Rejection.forbidden) { try handle(.update(["state": ["desired": [:]]]), state([])) }
        #expect(throws: Shadow.Rejection.tooMany) {
            try handle(.update(["state": ["reported": [:]]]), state([], shadowCount: Shadow.maxPerThing, shadow: "s"))
        }
    }

    @Test func `a change of any other document is announced`() throws {
        let outcome = try handle(.update(["state": ["reported": ["a": 1]]]), state([], shadow: nil))
        let announced = outcome.actions.compactMap { if case .announce(let event) = $0 { event } else { nil } }
        #expect(announced.map(\.reported) == [["a": 1]] && announced.map(\.version) == [outcome.state.shadow.version])
        #expect(
            try handle(.update(["state": ["reported": ["a": 1]]]), state([])).actions.allSatisfy {
                if case .announce = $0 { false } else { true }
            })
    }

    // MARK: - Ends without an answer

    @Test func `what has outlived its time expires, also where its right is in doubt`() throws {
        let over = command("a", age: .seconds(30)), doubtful = command("b", age: .seconds(31)), fine = command("c")
        let outcome = try handle(.expire, state([over, doubtful, fine], showing: over, withheld: ["b"]))
        #expect(outcome.ends == ["a expired", "b expired"] && outcome.slot == "c")
        #expect(outcome.finished.map(\.outcome) == [.expired, .expired])
        #expect(try handle(.expire, state([fine], showing: fine)).actions.isEmpty)
    }

    @Test func `two commands of one open that end together are told once`() throws {
        let first = command("a", partOf: "a"), second = command("b", partOf: "a")
        let outcome = try handle(
            .end(["a", "b", "unknown"], .withdrawn, error: "why"), state([first, second], others: ["a": second, "b": first]))
        #expect(outcome.ends == ["a withdrawn", "b withdrawn"])
        #expect(outcome.finished.map(\.action) == ["a"] && outcome.finished.map(\.error) == ["why"])
    }

    @Test func `whose right has ended is ended with the next input that is accepted`() throws {
        let fallen = command("a"), next = command("b")
        for input in [ThingState.Input.get(token: nil), .update(["state": ["reported": [:]]]), .offerAgain, .expire, .refresh] {
            let outcome = try handle(input, state([next], showing: fallen, fallen: [fallen]))
            #expect(outcome.ends == ["a withdrawn"] && outcome.finished.map(\.error) == [ThingState.rightHasEnded])
            #expect(outcome.state.fallen.isEmpty)
        }
    }

    // MARK: - Offers

    @Test func `what waits is offered again, as the same message`() throws {
        let waiting = command("a", age: .seconds(5))
        let outcome = try handle(.offerAgain, state([waiting], showing: waiting))
        #expect(outcome.published("update/delta").map { $0.payload["state"]?["message_id"] } == ["a"])
        #expect(outcome.actions.count == 2 && outcome.storesShadow)
        #expect(try handle(.offerAgain, state([])).actions.isEmpty)
    }

    @Test func `the device hears of a command first, then those who watch`() throws {
        let old = command("old", age: .seconds(1)), new = command("new")
        let outcome = try handle(.show(new), state([], showing: old))
        let tails = outcome.actions.compactMap { if case .publish(let message, _) = $0 { message.tail } else { nil } }
        #expect(tails == ["update/delta", "update/documents"] && outcome.slot == "new")
        #expect(!(outcome.published("update/documents")[0].payload.encoded.contains("old")))
    }

    @Test func `what the link does not take leaves nothing behind`() throws {
        let command = command("a")
        let outcome = try handle(.takeBack(command), state([], showing: command))
        #expect(outcome.ends == ["a withdrawn"] && outcome.slot == nil && outcome.storesShadow && outcome.finished.isEmpty)
        let wanted = try handle(.want(["claim": 2]), state([], shadow: "hub_state"))
        #expect(wanted.state.shadow.desired == ["claim": 2] && wanted.published("update/delta").count == 1)
        let restored = try handle(.restore(["claim": 1]), wanted.state)
        #expect(restored.state.shadow.desired == ["claim": 1] && restored.actions == [.store(.shadow(restored.state.shadow))])
    }

    @Test func `a lock that reports to be open has carried out the open, answered or not`() throws {
        let unlockDoor = DeviceCommand.matter(PendingCommand.unlockDoor)
        let open = command("a", unlockDoor, lifetime: .seconds(30)), late = command("b", unlockDoor, age: .seconds(31))
        func reporting(_ document: JSON, _ commands: [PendingCommand], on shadow: String = "device_state") throws -> Outcome {
            try handle(.update(["state": ["reported": document]]), state(commands, shadow: shadow))
        }
        for value in [JSON.int(2), 3] {
            let outcome = try reporting(["1/257/0": value], [open])
            #expect(outcome.ends == ["a succeeded"] && outcome.finished.map(\.outcome) == [.succeeded])
            #expect(outcome.actions.contains(.refresh(open)))
        }
        for document in [["1/257/0": 1], ["1/257/3": 2], ["1/257/0": "2"], ["257/0/2": 2]] as [JSON] {
            #expect(try reporting(document, [open]).ends.isEmpty)
        }
        #expect(try reporting(["1/257/0": 2], [late]).ends.isEmpty)
        #expect(try reporting(["1/257/0": 2], [command("a")]).ends.isEmpty)
    }
}
