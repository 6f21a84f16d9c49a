import Application
import Kernel
import KernelTesting
import Synchronization
import Testing

@testable import Identity

/// The list is written out once for each state, and anew when time changes it.
@Suite final class AccessibleLocksTests: Sendable {
    private let fake = FakeServices(), time = Mutex(Timestamp(milliseconds: 0))
    let user = UserID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")

    private func entry(_ id: AccessibleLock.ID, from: Int64? = nil, until: Int64? = nil) -> AccessibleLock {
        AccessibleLock(
            id: id, name: "Door \"\(id)\"", level: .user, grantedBy: "Ann", validFrom: from.map { Timestamp(milliseconds: $0) },
            validUntil: until.map { Timestamp(milliseconds: $0) })
    }

    @Test func `what was written out holds until the next lock begins or ends, or the list changes`() async throws {
        let plain = fake.services("identity")
        let services = Services(
            module: plain.module, store: plain.store, bus: plain.bus, vault: plain.vault, directory: plain.directory, ports: plain.ports,
            settings: plain.settings, log: plain.log, clock: { [self] in time.withLock { $0 } })
        func store(_ events: [UserAccount.Event]) async throws {
            let snapshot = try await services.store.load(UserAccount.self, user.text)
            let append = try Append(events, to: snapshot, at: Timestamp(milliseconds: 0))
            try await services.store.commit(Commit([append], trace: Trace(correlation: "", causation: nil)))
        }
        func listed(at moment: Int64) async throws -> [String] {
            time.withLock { $0 = Timestamp(milliseconds: moment) }
            let request = Request(
                path: ["id": user.text], caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: Timestamp(milliseconds: moment)))
            var lists: [[String]] = []
            for _ in 0..<2 {
                guard case .rendered(let bytes) = try await AccessibleLocks.operation.perform(request, services).body else {
                    return ["not written out"]
                }
                let json = try JSON.parse(bytes, depth: 8), locks = json["locks"]?.items ?? []
                #expect(json["totalCount"]?.integer == Int64(locks.count))
                lists.append(locks.compactMap { $0["lockId"]?.text })
            }
            #expect(lists[0] == lists[1])
            return lists[0]
        }
        try await store([
            .created(user, org: nil), .accessibleLockAdded(entry("a")), .accessibleLockAdded(entry("b", from: 100, until: 200)),
        ])
        #expect(try await listed(at: 10) == ["a"])
        #expect(try await listed(at: 99) == ["a"])
        #expect(try await listed(at: 100) == ["a", "b"])
        #expect(try await listed(at: 200) == ["a"])
        #expect(try await listed(at: 150) == ["a", "b"], "a clock that was put back")
        try await store([.accessibleLockAdded(entry("c"))])
        #expect(try await listed(at: 150) == ["a", "b", "c"])
    }

    @Test func `the list is steady until the nearest bound ahead`() {
        func steady(_ entries: AccessibleLock..., at now: Int64) -> Int64? {
            var account = UserAccount()
            for entry in entries { account.apply(.accessibleLockAdded(entry)) }
            return AccessibleLocks(user: user).steady(account, at: Timestamp(milliseconds: now))?.milliseconds
        }
        #expect(steady(entry("a"), at: 0) == .max)
        #expect(steady(entry("a", from: 5, until: 9), entry("b", until: 7), at: 0) == 5)
        #expect(steady(entry("a", from: 5, until: 9), entry("b", until: 7), at: 5) == 7)
        #expect(steady(entry("a", until: 7), at: 7) == .max)
    }
}
