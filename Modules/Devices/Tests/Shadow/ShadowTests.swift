import Kernel
import KernelTesting
import Testing

@testable import Devices

@Suite struct ShadowTests {
    let now = Timestamp(milliseconds: 5_000)

    func shadow(_ updates: JSON...) throws -> Shadow {
        var shadow = Shadow()
        for update in updates { _ = try shadow.update(["state": update], at: now) }
        return shadow
    }

    @Test func `an update is accepted, documented, and answered with what differs`() throws {
        var shadow = try shadow(["reported": ["a": 1, "b": 2]])
        let publications = try shadow.update(["state": ["desired": ["a": 1, "b": 3, "c": ["d": true]]], "clientToken": "t"], at: now)
        #expect(publications.map(\.tail) == ["update/accepted", "update/documents", "update/delta"])
        #expect(publications[0].payload["version"] == 2 && publications[0].payload["clientToken"] == "t")
        #expect(publications[1].payload["previous"]?["version"] == 1 && publications[1].payload["current"]?["version"] == 2)
        #expect(publications[2].payload["state"] == ["b": 3, "c": ["d": true]])
        #expect(publications[2].payload["metadata"] == ["b": ["timestamp": 5], "c": ["d": ["timestamp": 5]]])
    }

    @Test func `objects are merged, null removes, lists are replaced`() throws {
        let shadow = try shadow(["desired": ["a": ["x": 1, "y": 2], "l": [1, 2]]], ["desired": ["a": ["y": .null, "z": 3], "l": [9]]])
        #expect(shadow.desired == ["a": ["x": 1, "z": 3], "l": [9]])
        #expect(shadow.desiredTimes == ["a": ["x": ["timestamp": 5], "z": ["timestamp": 5]], "l": [["timestamp": 5]]])
    }

    @Test func `a null section removes the section`() throws {
        let shadow = try shadow(["desired": ["a": 1], "reported": ["a": 1]], ["desired": .null])
        #expect(shadow.desired == .null && shadow.reported == ["a": 1])
    }

    @Test func `a part without a value is no part`() throws {
        for updates in [[["desired": [:]]], [["reported": ["a": .null]]], [["desired": ["a": 1]], ["desired": ["a": .null]]]] as [[JSON]] {
            var shadow = Shadow()
            for update in updates { _ = try shadow.update(["state": update], at: now) }
            #expect(shadow.document(at: now)["state"] == [:] && shadow.document(at: now)["metadata"] == [:], "\(updates)")
        }
    }

    @Test func `a null state removes both parts, and is accepted as it came`() throws {
        var shadow = try shadow(["desired": ["a": 1], "reported": ["b": 1]])
        let accepted = try #require(try shadow.update(["state": .null], at: now).first)
        #expect(accepted.payload["state"] == .null && accepted.payload["metadata"] == ["timestamp": 5])
        #expect(shadow.document(at: now)["state"] == [:] && shadow.version == 2)
    }

    @Test func `an object without members is a value, and a difference where there is none`() throws {
        let shadow = try shadow(["desired": ["a": [:], "b": ["c": [:]], "d": [:]], "reported": ["d": ["x": 1]]])
        #expect(shadow.delta?.state == ["a": [:], "b": ["c": [:]]])
    }

    @Test func `a wrong version is a conflict and changes nothing`() throws {
        var shadow = try shadow(["desired": ["a": 1]])
        let before = shadow
        #expect(throws: Shadow.Rejection.conflict) { try shadow.update(["state": ["desired": ["a": 2]], "version": 9], at: now) }
        #expect(shadow == before)
        #expect(throws: Never.self) { try shadow.update(["state": ["desired": ["a": 2]], "version": 1], at: now) }
    }

    @Test func `an update without a state is refused`() {
        var shadow = Shadow()
        #expect(throws: Shadow.Rejection.noState) { try shadow.update(["version": 1], at: now) }
    }

    @Test func `nesting is limited`() {
        var deep: JSON = 1
        for _ in 0..<9 { deep = ["a": deep] }
        var shadow = Shadow()
        #expect(throws: Shadow.Rejection.tooDeep) { try shadow.update(["state": ["desired": deep]], at: now) }
    }

    @Test func `a missing shadow is 404, and versions go on after a deletion`() throws {
        var shadow = Shadow()
        #expect(throws: Shadow.Rejection.none("s")) { try shadow.get(named: "s", token: nil, at: now) }
        _ = try shadow.update(["state": ["reported": ["a": 1]]], at: now)
        _ = try shadow.delete(named: "s", token: nil, at: now)
        #expect(throws: Shadow.Rejection.none("s")) { try shadow.delete(named: "s", token: nil, at: now) }
        _ = try shadow.update(["state": ["reported": ["a": 1]]], at: now)
        #expect(shadow.version == 2)
    }

    @Test func `a get shows state, difference, times and version`() throws {
        let shadow = try shadow(["desired": ["a": 1], "reported": ["a": 2]])
        let payload = try shadow.get(named: nil, token: "t", at: now).payload
        #expect(payload["state"] == ["desired": ["a": 1], "reported": ["a": 2], "delta": ["a": 1]])
        #expect(payload["clientToken"] == "t" && payload["version"] == 1 && payload["timestamp"] == 5)
    }

    @Test func `a command replaces the slot wholly`() throws {
        var shadow = Shadow()
        _ = shadow.replaceDesired(with: ["message_id": "1", "args": ["old": 1]], at: now)
        let publications = shadow.replaceDesired(with: ["message_id": "2", "args": ["new": 2]], at: now)
        #expect(publications.last?.payload["state"] == ["message_id": "2", "args": ["new": 2]])
        #expect(shadow.replaceDesired(with: .null, at: now).map(\.tail) == ["update/accepted", "update/documents"])
        #expect(shadow.desired == .null)
    }

    @Test func `a state is read by every later build`() throws {
        try GoldenSamples.check(try shadow(["desired": ["a": 1], "reported": ["b": [1, 2]]]), named: "Shadow")
    }
}
