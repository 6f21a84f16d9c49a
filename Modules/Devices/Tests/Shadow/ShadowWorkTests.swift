import Kernel
import Testing

@testable import Devices

/// Updates that nobody has thought of: the work they make is in proportion to their size, and what comes out is a document.
@Suite struct ShadowWorkTests {
    private typealias Chance = InterleavingTests.Chance

    private static func value(_ chance: inout Chance, depth: Int) -> JSON {
        switch chance.next() % (depth > 0 ? 9 : 6) {
        case 0: return .null
        case 1: return .int(Int64(chance.next() % 100))
        case 2: return .bool(chance.next() % 2 == 0)
        case 3: return .string(String(repeating: "é", count: Int(chance.next() % 40)))
        case 4: return .array((0..<chance.next() % 6).map { _ in value(&chance, depth: 0) })
        case 5: return [:]
        default: return document(&chance, depth: depth - 1)
        }
    }

    private static func document(_ chance: inout Chance, depth: Int) -> JSON {
        // Few names, so that updates meet; now and then many, so that an edit of each place would show.
        let isWide = chance.next() % 300 == 0
        return .object(
            JSON.Object(
                (0..<chance.next() % (isWide ? 300 : 4)).map { _ in
                    ("k\(chance.next() % (isWide ? 1_000 : 12))", value(&chance, depth: depth))
                }))
    }

    private static func size(_ json: JSON) -> Int {
        switch json {
        case .object(let object): object.reduce(1) { $0 + size($1.value) }
        case .array(let items): items.reduce(1) { $0 + size($1) }
        default: 1
        }
    }

    /// What is wrong with an update of a shadow; nil when nothing is.
    private static func fault(_ shadow: inout Shadow, _ part: JSON, _ side: String) -> String? {
        let now = Timestamp(milliseconds: 1_000), before = shadow
        var merge = Merge()
        let (state, _) = merge.merge(part, into: shadow.reported, shadow.reportedTimes, at: now)
        // Each value of the update is merged or stamped, none more than once.
        guard merge.visits <= 2 * size(part) else { return "merging looked at \(merge.visits) values" }
        merge = Merge()
        _ = merge.difference(of: state, .null, from: shadow.desired)
        guard merge.visits <= size(state) else { return "comparing looked at \(merge.visits) values" }
        do {
            _ = try shadow.update(["state": .object([side: part])], at: now)
            guard shadow.version == before.version + 1 else { return "the version did not rise" }
            return holdsNull(shadow.desired) || holdsNull(shadow.reported) ? "a null was stored" : nil
        } catch {
            return shadow == before ? nil : "a refused update has changed something"
        }
    }

    @Test func `ten thousand random updates cost no more than they and the document are large`() async {
        var chance = Chance(state: 7), shadow = Shadow(), accepted = 0
        for round in 0..<10_000 {
            let version = shadow.version
            if let fault = Self.fault(&shadow, Self.document(&chance, depth: 4), chance.next() % 2 == 0 ? "desired" : "reported") {
                Issue.record("round \(round): \(fault)")
                return
            }
            if shadow.version > version { accepted += 1 }
            if chance.next() % 10 == 0 { _ = try? shadow.delete(named: nil, token: nil, at: Timestamp(milliseconds: 1_000)) }
            if round % 50 == 0 { await Task.yield() }
        }
        #expect(accepted > 5_000)
    }

    @Test func `what a delta is applied to has what was desired`() async throws {
        var chance = Chance(state: 11), differing = 0
        for round in 0..<5_000 {
            var shadow = Shadow()
            for side in ["desired", "reported", "desired", "reported"] {
                _ = try? shadow.update(
                    ["state": .object([side: Self.document(&chance, depth: 4)])], at: Timestamp(milliseconds: 1_000))
            }
            let delta = shadow.delta?.state
            var merge = Merge()
            let reached = delta.map { merge.merge($0, into: shadow.reported, .null, at: Timestamp(milliseconds: 0)).0 } ?? shadow.reported
            let left = merge.difference(of: shadow.desired, .null, from: reached)?.state
            #expect(left == nil, "round \(round): \(shadow.desired.encoded) from \(shadow.reported.encoded)")
            if delta != nil { differing += 1 }
            if round % 50 == 0 { await Task.yield() }
        }
        #expect(differing > 2_000)
    }

    /// Whether a member is null; a null in a list is a value.
    private static func holdsNull(_ json: JSON) -> Bool { json.members?.contains { $0.value.isNull || holdsNull($0.value) } ?? false }
}
