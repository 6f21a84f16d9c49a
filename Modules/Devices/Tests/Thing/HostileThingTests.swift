import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Devices

/// What things may send, and what becomes of the rest: as AWS IoT answers it, and without harm to other things.
@Suite struct HostileThingTests {
    let now = Timestamp(milliseconds: 5_000)

    @Test(
        arguments: [
            (["state": ["desired": 5]], "Desired node must be an object"),
            (["state": ["reported": [1]]], "Reported node must be an object"),
            (["state": ["desird": [:]]], "State contains an invalid node: 'desird'"), (["state": 5], "State node must be an object"),
            ([:], "Missing required node: state"), (["state": [:], "version": "99"], "Invalid version"),
            (["state": [:], "clientToken": [:]], "Invalid clientToken"),
            (["state": [:], "clientToken": .string(String(repeating: "t", count: 65))], "Invalid clientToken"),
        ] as [(JSON, String)]) func `what is no update is refused in AWS's words`(request: JSON, message: String)
    {
        var shadow = Shadow()
        #expect(throws: Shadow.Rejection(code: 400, message: message)) { try shadow.update(request, at: now) }
        #expect(shadow == Shadow())
    }

    @Test func `a state of null takes everything away`() throws {
        var shadow = Shadow()
        _ = try shadow.update(["state": ["desired": ["a": 1], "reported": ["b": 2]]], at: now)
        _ = try shadow.update(["state": .null], at: now)
        #expect(shadow.desired.isNull && shadow.reported.isNull && shadow.version == 2)
    }

    @Test func `a document has at most 8 KB`() throws {
        var shadow = Shadow()
        let half: JSON = .string(String(repeating: "a", count: 5_000))
        _ = try shadow.update(["state": ["reported": ["a": half]]], at: now)
        #expect(throws: Shadow.Rejection.tooLarge) { try shadow.update(["state": ["reported": ["b": half]]], at: now) }
        #expect(shadow.version == 1)
    }

    @Test func `what is wanted is shown again whenever the state changes and it is not reported`() throws {
        var shadow = Shadow()
        _ = try shadow.update(["state": ["desired": ["a": 1]]], at: now)
        let other = try shadow.update(["state": ["reported": ["b": 2]]], at: now)
        #expect(other.first { $0.tail == "update/delta" }?.payload["state"] == ["a": 1])
        let done = try shadow.update(["state": ["reported": ["a": 1]]], at: now)
        #expect(!done.contains { $0.tail == "update/delta" })
    }

    @Test func `the newest sign of life counts`() throws {
        func at(_ seconds: Int) -> Timestamp { now + .seconds(seconds) }
        let online = PresenceRow(isOnline: true, saidAt: at(100))
        #expect(!online.admits(HubLink.SignOfLife(isOnline: false, saidAt: at(0))))
        #expect(online.admits(HubLink.SignOfLife(isOnline: false, saidAt: at(99))))
        #expect(online.admits(HubLink.SignOfLife(isOnline: false)))
        #expect(online.admits(HubLink.SignOfLife(isOnline: true, saidAt: at(0))))
        #expect(try PresenceRow(nil).admits(HubLink.SignOfLife(isOnline: false, saidAt: at(0))))
    }

    @Test func `whoever sends much waits for itself`() async throws {
        let shares = SharesOfThings(), mailbox = Mailbox(shares, max: 1_000, maxPerThing: 200, widthOfOne: 2)
        func message(_ thing: String) -> HubLink.Inbound { .presence(ThingName(thing), HubLink.SignOfLife(isOnline: true)) }
        for number in 0..<50 { shares.note(.unclaimed("loud"), of: ThingName("l\(number)")) }
        shares.note(.tenant("quiet", hub: nil), of: "q")
        for _ in 0..<10 { for number in 0..<50 { #expect(mailbox.put(message("l\(number)"))) } }
        #expect(mailbox.put(message("q")))
        // The loud hub has two under way, whatever else it sent; then it is the quiet one's turn.
        var taken: [HubLink.Inbound] = []
        for _ in 0..<3 { taken.append(try await mailbox.next()) }
        #expect(taken.contains(message("q")))
        #expect(taken.filter { $0.thing != "q" }.count == 2 && Set(taken.compactMap(\.thing)).count == 3)
    }

    @Test func `the messages of a thing stay in order, and have their limit`() async throws {
        let mailbox = Mailbox(SharesOfThings(), maxPerThing: 3, widthOfOne: 4)
        func message(_ number: Int) -> HubLink.Inbound {
            .presence("t", HubLink.SignOfLife(isOnline: true, saidAt: Timestamp(milliseconds: Int64(number))))
        }
        for number in 0..<3 { #expect(mailbox.put(message(number))) }
        #expect(!mailbox.put(message(3)))
        let first = try await mailbox.next()
        mailbox.putBack(first)
        for number in 0..<3 {
            let next = try await mailbox.next()
            #expect(next == message(number))
            mailbox.done(next)
        }
    }

    @Test(.everyDatabase) func `a thing has a limited number of shadows`() async throws {
        let stage = try await ThingStage(TestDatabase.current), update: [UInt8] = (["state": ["reported": ["a": 1]]] as JSON).bytes
        for number in 0...Shadow.maxPerThing {
            try await stage.runner.receive(.shadow("t", shadow: "s\(number)", verb: .update, payload: update))
        }
        #expect(stage.published("update/accepted").count == Shadow.maxPerThing)
        #expect(stage.published("update/rejected").map { $0["code"] } == [413])
        try await stage.runner.receive(.shadow("t", shadow: "a/b", verb: .get, payload: []))
        #expect(stage.published("get/rejected").last?["message"] == "Invalid shadow name")
    }
}
