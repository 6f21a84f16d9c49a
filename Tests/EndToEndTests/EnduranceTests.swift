import Foundation
import HTTPClient
import Kernel
import KernelTesting
import Testing

/// What a process holds at a moment.
struct ProcessUse: CustomStringConvertible {
    let kilobytes: Int, handles: Int

    init(_ process: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
        kilobytes = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        handles = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
    }
    var description: String { "\(kilobytes) KB, \(handles) handles" }
}

/// Many requests of many kinds, of strangers too, leave nothing behind in the process.
@Suite struct EnduranceTests {
    static let requests = ProcessInfo.processInfo.environment["SPKEY_TEST_REQUESTS"].flatMap(Int.init) ?? 6_000
    private static let callers = 16

    private static func request(_ number: Int, _ partner: Partner, _ lock: Int) async throws -> Reply {
        let stranger = [(name: "X-Forwarded-For", value: "203.0.113.\(number % 250)")]
        switch number % 8 {
        case 0, 1: return try await partner.call("GET", "/locks/\(lock)/basic-info")
        case 2: return try await partner.call("GET", "/nothing/\(number)", as: stranger)
        case 3: return try await partner.call("GET", "/temp-keys/\(UUID().uuidString)", as: stranger)
        case 4: return try await partner.call("POST", "/locks/\(number)/open-with-pin", ["pin": "1234"], as: stranger)
        case 5: return try await partner.call("GET", "/users/\(number)/profile", as: [("Authorization", "Bearer a.\(number).c")])
        case 6:
            return try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": 7], headers: [("Idempotency-Key", "bad-\(number)")])
        default: return try await partner.call("GET", "/locks/\(lock)/events?page=\(number)", headers: [("X-API-Key", "wrong \(number)")])
        }
    }

    private static func run(_ numbers: Range<Int>, _ partner: Partner, _ lock: Int) async throws {
        try await withThrowingTaskGroup { group in
            for caller in 0..<callers {
                group.addTask {
                    for number in stride(from: numbers.lowerBound + caller, to: numbers.upperBound, by: callers) {
                        let reply = try await request(number, partner, lock)
                        guard reply.status < 500 else {
                            Issue.record("\(number): \(reply)")
                            return
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: Layout.testable.filter { $0 != .five }) func `neither memory nor handles grow with the number of requests`(
        layout: Layout
    ) async throws {
        let settings = ["SPKEY_RATE_LIMIT": "1000000", "SPKEY_TRUSTED_PROXIES": "127.0.0.1/32"]
        try await Installation.with(layout, settings: settings) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number, process = installation.server.id
            try await Self.run(0..<Self.requests / 4, partner, lock)
            let before = try ProcessUse(process)
            try await Self.run(Self.requests / 4..<Self.requests, partner, lock)
            let after = try ProcessUse(process)
            #expect(after.kilobytes < before.kilobytes + 64 << 10 && after.handles <= before.handles + Self.callers, "\(before); \(after)")
        }
    }
}
