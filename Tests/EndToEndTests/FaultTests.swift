import Foundation
import Kernel
import KernelTesting
import Synchronization
import Testing

/// Something that becomes true once.
final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}

/// What happens when something dies.
@Suite(.serialized) struct FaultTests {
    static var kills: Int { ProcessInfo.processInfo.environment["SPKEY_TEST_KILLS"].flatMap(Int.init) ?? 3 }

    /// Adds keys until it is told to stop; a request that fails is repeated with its Idempotency-Key. Answers the acknowledged keys.
    static func load(_ partner: Partner, _ lock: Int, until isOver: Flag) async -> [String] {
        var acknowledged: [String] = [], number = 0
        while !isOver.isSet {
            number += 1
            let key = "key-\(number)"
            while true {
                let reply = try? await partner.call(
                    "POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)], headers: [("Idempotency-Key", "\(lock)-\(key)")])
                if reply?.status == 200 { break }
                if let reply, ![409, 502, 503].contains(reply.status) { Issue.record("\(reply)"); return acknowledged }
                try? await Task.sleep(for: .milliseconds(30))
            }
            acknowledged.append(key)
        }
        return acknowledged
    }

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `what was acknowledged survives kill -9, once`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            try await Sink.with { sink in
                let partner = try await Partner(installation)
                try await partner.subscribe(sink.url("all"))
                var locks: [Int] = []
                for _ in 0..<6 { locks.append(try await partner.lock().number) }
                let isOver = Flag()
                let loads = locks.map { lock in Task { await Self.load(partner, lock, until: isOver) } }
                for _ in 0..<Self.kills {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 150...600)))
                    try await installation.killAndRestart()
                }
                isOver.set()
                var stored = Set<String>()
                for (lock, load) in zip(locks, loads) {
                    let acknowledged = await load.value
                    let keys = try await partner.history(lock).compactMap { $0["event"]?["keyUuid"]?.text }
                    #expect(Set(keys) == Set(acknowledged) && keys.count == acknowledged.count, "lock \(lock)")
                    stored.formUnion(keys.map { "\(lock) \($0)" })
                }
                let isDelivered = try await eventually(within: .seconds(60)) {
                    let told = sink.all("all").filter { $0.name == "KeyAdded" }.compactMap { delivery -> String? in
                        guard let lock = delivery.detail["data"]?["lockId"]?.integer, let key = delivery.detail["data"]?["keyUuid"]?.text else { return nil }
                        return "\(lock) \(key)"
                    }
                    return Set(told) == stored
                }
                #expect(isDelivered)
                #expect(try await installation.spkey("verify") == "The event log is sound.")
            }
        }
    }

    @Test func `an endpoint that hangs delays no other`() async throws {
        try await Installation.with(.sqlite) { installation in
            try await Sink.with { sink in
                let partner = try await Partner(installation)
                sink.answer("slow", after: .seconds(30))
                sink.answer("broken", with: 500)
                for name in ["slow", "broken", "good"] { try await partner.subscribe(sink.url(name)) }
                try await partner.subscribe("http://127.0.0.1:9/nobody")
                let lock = try await partner.lock()
                for number in 0..<20 { _ = try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": .string("k\(number)")]) }
                let arrived = try await eventually(within: .seconds(4)) { sink.all("good").filter { $0.name == "KeyAdded" }.count == 20 }
                #expect(arrived)
                #expect(sink.all("slow").count <= 4)
            }
        }
    }

    @Test func `a running request is finished when the server is asked to stop`() async throws {
        try await Installation.with(.sqlite) { installation in
            let partner = try await Partner(installation)
            let lock = try await partner.lock()
            let request = Task { try await partner.call("POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k"]) }
            #expect(try await request.value.status == 200)
            installation.server.signal(SIGTERM)
            try await installation.server.wait()
            #expect(installation.server.status == 0)
        }
    }
}
