import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Testing

/// What use cases rely on in a store, held by both databases and by the fake that their tests run on.
@Suite struct StoreConformanceTests {
    /// Holds at most one name at a time, which no other may have meanwhile.
    private struct Badge: Aggregate {
        static let category = Category("badge", className: "BadgeAggregate")
        enum Event: Sendable, Equatable { case named(String), returned(String), looked }
        private(set) var name: String?
        mutating func apply(_ event: Event) {
            switch event {
            case .named(let name): self.name = name
            case .returned: name = nil
            case .looked: break
            }
        }
        var organisation: OrgID? { nil }
        static func changesState(_ event: Event) -> Bool { event != .looked }
        static func claims(of event: Event, before: Badge) -> [Claim] {
            switch event {
            case .named(let name): [.take(kind: "name", value: name)]
            case .returned(let name): [.release(kind: "name", value: name)]
            case .looked: []
            }
        }
        static let events = EventRegistry(Events())
        struct Events: EventForms {
            let named = EventForm<Badge>(
                "Named", "", members: .init(.member("name")), make: Event.named,
                take: { if case .named(let name) = $0 { name } else { nil } })
            let returned = EventForm<Badge>(
                "Returned", "", members: .init(.member("name")), make: Event.returned,
                take: { if case .returned(let name) = $0 { name } else { nil } })
            let looked = EventForm<Badge>("Looked", "", event: .looked)
            func form(of event: Event) -> EventForm<Badge> {
                switch event {
                case .named: named
                case .returned: returned
                case .looked: looked
                }
            }
        }
    }

    enum Kind: String, CaseIterable, Sendable { case fake, sqlite, postgres }
    static let kinds = Kind.allCases.filter { $0 != .postgres || TestDatabase.server != nil }

    private func with(_ kind: Kind, _ body: (Store) async throws -> Void) async throws {
        guard let dialect = Dialect(rawValue: kind.rawValue) else { return try await body(FakeServices().services("alpha").store) }
        try await TestDatabase.with(dialect) { try await body(try await Stage(TestDatabase.current).alpha.port) }
    }

    private let now = Timestamp(milliseconds: 1_755_680_400_000)
    private let trace = Trace(correlation: "c", causation: nil)

    private func commit(_ events: [Badge.Event], to snapshot: Snapshot<Badge>, _ store: Store) async throws {
        try await store.commit(events, to: snapshot, at: now, trace: trace)
    }

    @Test(arguments: kinds) func `a stream begins empty, and is found as it was committed`(kind: Kind) async throws {
        try await with(kind) { store in
            let empty = try await store.load(Badge.self, "1")
            #expect(empty.version == 0 && !empty.exists)
            try await commit([.named("a"), .looked], to: empty, store)
            let found = try await store.load(Badge.self, "1")
            #expect(found.version == 2 && found.state.name == "a" && found.changedAt == now)
            let history = try await store.history(Badge.stream("1"), 1, 10)
            #expect(history.map(\.version) == [1, 2] && history.map(\.wire.type) == ["Named", "Looked"])
            #expect(try await store.history(Badge.stream("1"), 2, 10).map(\.version) == [2])
            #expect(try await store.history(Badge.stream("1"), 1, 1).map(\.version) == [1])
        }
    }

    @Test(arguments: kinds) func `a decision on an older version stores nothing`(kind: Kind) async throws {
        try await with(kind) { store in
            let empty = try await store.load(Badge.self, "1")
            try await commit([.named("a")], to: empty, store)
            await #expect(throws: CommitFailure.versionConflict) { try await commit([.named("b")], to: empty, store) }
            #expect(try await store.load(Badge.self, "1").state.name == "a")
            // The name that was not taken is free.
            try await commit([.named("b")], to: try await store.load(Badge.self, "2"), store)
        }
    }

    @Test(arguments: kinds) func `a decision under other credentials stores nothing`(kind: Kind) async throws {
        try await with(kind) { store in
            let empty = try await store.load(Badge.self, "1")
            var commit = Commit([try Append([Badge.Event.named("a")], to: empty, at: now)], trace: trace)
            commit.credentials = 2
            await #expect(throws: CommitFailure.credentialsChanged) { try await store.commit(commit) }
            #expect(try await store.load(Badge.self, "1").version == 0)
            commit.credentials = 1
            try await store.commit(commit)
            #expect(try await store.load(Badge.self, "1").version == 1)
        }
    }

    @Test(arguments: kinds) func `a value has one holder until it is given back`(kind: Kind) async throws {
        try await with(kind) { store in
            try await commit([.named("a")], to: try await store.load(Badge.self, "1"), store)
            let second = try await store.load(Badge.self, "2")
            await #expect(throws: CommitFailure.claimTaken(kind: "name")) { try await commit([.named("a")], to: second, store) }
            #expect(try await store.load(Badge.self, "2").version == 0)
            try await commit([.returned("a")], to: try await store.load(Badge.self, "1"), store)
            try await commit([.named("a")], to: try await store.load(Badge.self, "2"), store)
            #expect(try await store.load(Badge.self, "2").state.name == "a")
        }
    }

    @Test(arguments: kinds) func `streams of one commit are stored together or not at all`(kind: Kind) async throws {
        try await with(kind) { store in
            try await commit([.named("taken")], to: try await store.load(Badge.self, "1"), store)
            let second = try await store.load(Badge.self, "2"), third = try await store.load(Badge.self, "3")
            let appends = [
                try Append([Badge.Event.named("free")], to: second, at: now), try Append([Badge.Event.named("taken")], to: third, at: now),
            ]
            await #expect(throws: CommitFailure.claimTaken(kind: "name")) { try await store.commit(Commit(appends, trace: trace)) }
            #expect(try await store.load(Badge.self, "2").version == 0)
            try await commit([.named("free")], to: try await store.load(Badge.self, "4"), store)
        }
    }

    @Test(arguments: kinds) func `one at a time works on a stream`(kind: Kind) async throws {
        try await with(kind) { store in
            let first = try await store.lockStream(Badge.stream("1"))
            try await store.lockStream(Badge.stream("2")).release()
            let second = Task { try await store.lockStream(Badge.stream("1")) }
            for _ in 0..<20 { await Task.yield() }
            second.cancel()
            await #expect(throws: CancellationError.self) { _ = try await second.value }
            first.release()
            try await store.lockStream(Badge.stream("1")).release()
        }
    }
}
