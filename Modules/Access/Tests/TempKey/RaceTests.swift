import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

/// Many at once: what must not be exceeded or taken twice, on a real database.
@Suite struct RaceTests {
    private func prepare() async throws -> AccessStage {
        let stage = try await AccessStage(TestDatabase.current)
        stage.fake.answer(SendCommand.self) { _ in SendCommand.Reply(.accepted) }
        stage.fake.answer(BindThing.self) { _ in BindThing.Reply(isBound: true) }
        return stage
    }

    /// How many of many tries at once succeed.
    private func successes(of tries: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async -> Int {
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<tries {
                group.addTask { do { try await body(number); return true } catch { return false } }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    private static let uuids: [UUIDText] = (1...8).map { UUIDText("7c9e6679-7425-40de-944b-e07fc1f90ae\($0)") }

    @Test(.everyDatabase) func `of many guests at once as many get through as the key allows`() async throws {
        let stage = try await prepare()
        let definition = TempKey.Definition(
            id: TempKeyTests.id, isShared: false, doors: [TempKeyTests.door(1, 7)], users: nil, from: Timestamp(milliseconds: 1),
            until: Timestamp(milliseconds: 2_000_000), maxUses: 3, description: nil, sealedPin: nil, createdBy: "acme",
            createdAt: stage.clock)
        try await stage.tell("7", [TempKeyTests.lock], of: Lock.self)
        try await stage.tell(TempKeyTests.id.text, [.created(definition)], of: TempKey.self)
        let opened = await successes(of: 12) { _ in
            let request = Request(caller: .anonymous, attempt: Attempt(now: stage.clock))
            _ = try await GuestOpening(services: stage.services, request: request).open(TempKeyTests.id, door: nil)
        }
        #expect(opened == 3)
        #expect(try stage.fake.asked(SendCommand.self).count == 3)
        #expect(try await stage.state(TempKeyTests.id.text, of: TempKey.self).usedCount == 3)
    }

    @Test(.everyDatabase) func `one hardware uuid becomes one lock's`() async throws {
        let stage = try await prepare()
        let created = await successes(of: 8) { number in
            let lock = LockID(number + 1), caller = Caller.key(org: "acme", isSuper: false)
            let command = CreateLock(
                lock: lock, index: lock, uuid: Self.uuids[0], serialNumber: nil, vendorName: nil, owner: nil, keys: [], caller: caller)
            _ = try await stage.services.execute(command, for: Request(caller: caller, attempt: Attempt(now: stage.clock)))
        }
        #expect(created == 1)
    }

    @Test(.everyDatabase) func `of many locks at once one changes to a free uuid`() async throws {
        let stage = try await prepare()
        for (place, uuid) in Self.uuids.prefix(6).enumerated() {
            try await stage.tell(
                "\(place + 1)", [.created(Installation(lock: LockID(place + 1), uuid: uuid, owner: "ann", org: "acme"))], of: Lock.self)
        }
        let changed = await successes(of: 6) { number in
            let request = Request(caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: stage.clock))
            _ = try await stage.services.execute(ChangeLockUuid(lock: LockID(number + 1), uuid: Self.uuids[7]), for: request)
        }
        #expect(changed == 1)
    }

    @Test(.everyDatabase) func `two live keys of a lock have no PIN in common, and where none is free nothing is made`() async throws {
        let stage = try await prepare()
        try await stage.tell("7", [TempKeyTests.lock], of: Lock.self)
        try await stage.tell(
            "8", [.created(Installation(lock: LockID(8), uuid: Self.uuids[7], owner: "ann", org: "acme"))], of: Lock.self)
        func make(_ key: TempKey.ID, _ locks: [Int], until: Int64 = 2_000_000) async throws -> Pin? {
            let request = Request(caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: stage.clock))
            let doors = locks.map { DoorRequest(lock: LockID($0), label: nil, method: .code) }
            let command = CreateSharedKey(
                from: Timestamp(milliseconds: 1), until: Timestamp(milliseconds: until), remark: nil, doors: DoorRequests(doors: doors),
                key: key, caller: request.caller)
            return try await stage.services.execute(command, for: request).facts.pin
        }
        // The vault of the test draws the same digits each time.
        let first = try await make("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c01", [7], until: 1_500_000)
        #expect(try await make("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c02", [8]) == first)
        await #expect(throws: RequestError.unavailable("No PIN was free.", retryAfter: .seconds(2))) {
            try await make("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c03", [7])
        }
        #expect(try await stage.state("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c03", of: TempKey.self).doors.isEmpty)
        // A key that has ended lets go of its PIN.
        stage.pass(.seconds(501))
        #expect(try await make("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c04", [7]) == first)
    }

    @Test(.everyDatabase) func `a key is stored only on the state of its locks on which its giver was looked at`() async throws {
        let stage = try await prepare()
        try await stage.tell(
            "7", [.created(Installation(lock: LockID(7), uuid: Self.uuids[0], owner: "ann", org: "acme"))], of: Lock.self)
        let request = Request(caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: stage.clock)),
            store = stage.services.store
        let command = CreateSharedKey(
            from: Timestamp(milliseconds: 1), until: Timestamp(milliseconds: 2_000_000), remark: nil,
            doors: DoorRequests(doors: [DoorRequest(lock: LockID(7), label: nil, method: .key)]),
            key: "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c05", caller: request.caller)
        let key: Snapshot<TempKey> = try await store.load(TempKey.self, command.target)
        let facts = try await command.facts(on: key, request, stage.services)
        // The lock changes hands between the look and the commit.
        try await stage.tell("7", [.organizationSet("other")], of: Lock.self)
        let events = try command.decide(key.state, facts, at: stage.clock)
        guard case .local(let changes) = try command.effect(of: events, on: key, facts, request, stage.services) else {
            return #expect(Bool(false))
        }
        await #expect(throws: CommitFailure.versionConflict) {
            let append = try Append(events, to: key, at: stage.clock)
            try await store.commit(Commit([append] + changes.appends, rows: changes.rows, trace: request.trace))
        }
        await #expect(throws: RequestError.self) { try await command.facts(on: key, request, stage.services) }
    }
}
