import Application
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct TempKeyTests {
    static let id: TempKey.ID = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"
    static let lock = Lock.Event.created(
        Installation(lock: LockID(7), uuid: "7c9e6679-7425-40de-944b-e07fc1f90ae7", owner: "ann", org: "acme"))
    static let acme = Caller.key(org: "acme", isSuper: false)
    let now = Timestamp(milliseconds: 1_000_000)

    static func door(_ id: Int, _ lock: Int, _ method: TempKey.Door.Method = .key) -> TempKey.Door {
        TempKey.Door(id: id, lock: LockID(lock), lockUuid: "7c9e6679-7425-40de-944b-e07fc1f90ae7", label: nil, method: method)
    }

    static func key(
        _ doors: [TempKey.Door] = [door(1, 7)], users: [UserID]? = nil, from: Int64 = 500_000, until: Int64 = 2_000_000,
        maxUses: Int? = nil, isShared: Bool = false
    ) -> TempKey {
        var key = TempKey()
        key.apply(
            .created(
                TempKey.Definition(
                    id: id, isShared: isShared, doors: doors, users: users, from: Timestamp(milliseconds: from),
                    until: Timestamp(milliseconds: until), maxUses: maxUses,
                    description: nil, sealedPin: nil, createdBy: "acme", createdAt: Timestamp(milliseconds: 1))))
        return key
    }

    func create(_ mode: AccessMode = .everybody, users: [UUIDText] = [], from: Int64 = 500_000, until: Int64 = 2_000_000) -> CreateTempKey {
        CreateTempKey(
            lock: LockID(7), key: Self.id, mode: mode, users: users, from: Timestamp(milliseconds: from),
            until: Timestamp(milliseconds: until),
            maxUses: Nullable(Count(number: 3)),
            remark: "Cleaner", caller: Self.acme)
    }

    @Test func `a key is told in the lock's history`() {
        Given<Lock>(Self.lock).when(create(), Self.stored(nil), at: now).then(
            .tempKeyCreated(
                TempKeyNotice(
                    key: Self.id, users: nil, from: Timestamp(milliseconds: 500_000), until: Timestamp(milliseconds: 2_000_000), maxUses: 3,
                    createdBy: "acme")))
    }

    @Test func `a window ends after it begins, and not in the past`() {
        Given<Lock>(Self.lock).when(create(from: 2_000_000), Self.stored(nil), at: now).thenRefused(.endsBeforeItBegins)
        Given<Lock>(Self.lock).when(create(until: 1_000_000), Self.stored(nil), at: now).thenRefused(.isOver)
    }

    @Test func `a whitelist needs somebody`() {
        Given<Lock>(Self.lock).when(create(.whitelist), Self.stored(nil), at: now).thenRefused(.nobodyAllowed)
        Given<Lock>(Self.lock).when(create(.whitelist, users: ["0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c12"]), Self.stored(nil), at: now).then(
            .tempKeyCreated(
                TempKeyNotice(
                    key: Self.id, users: ["0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c12"], from: Timestamp(milliseconds: 500_000),
                    until: Timestamp(milliseconds: 2_000_000),
                    maxUses: 3,
                    createdBy: "acme")))
    }

    @Test func `an id that is taken is refused, and nothing is stored`() async throws {
        let fake = FakeServices(now: now)
        let store = fake.services("access").store
        let lock = Snapshot<Lock>(stream: Lock.stream(7), state: Lock(), version: 0, changedAt: now)
        try await store.commit(Commit([try Append([Self.lock], to: lock, at: now)], trace: Trace(correlation: "", causation: nil)))
        let body: JSON.Object = [
            "tempKeyUuid": Self.id.json, "accessMode": "public", "validFrom": now.json, "validUntil": (now + .seconds(60)).json,
        ]
        let request = Request(path: ["id": "7"], body: body, caller: Self.acme, attempt: Attempt(now: now))
        #expect(try await CreateTempKey.operation.perform(request, fake.services("access")).status == 200)
        await #expect(throws: RequestError(CreateTempKey.Refusal.idTaken)) {
            try await CreateTempKey.operation.perform(request, fake.services("access"))
        }
        #expect(fake.types(of: Lock.stream(7)) == ["LockCreated", "TempKeyCreated"])
        #expect(fake.types(of: TempKey.stream(Self.id)) == ["TempKeyDefined"])
    }

    /// The key as it would be loaded; nil for one that there is not.
    static func stored(_ key: TempKey?) -> Snapshot<TempKey> {
        Snapshot(stream: TempKey.stream(id), state: key ?? TempKey(), version: key == nil ? 0 : 1, changedAt: Timestamp(milliseconds: 1))
    }

    func update(
        _ found: TempKey?, from: Timestamp? = nil, until: Timestamp? = nil, maxUses: Nullable<Count>? = nil, users: [UUIDText]? = nil,
        mode: AccessMode? = nil
    ) -> Decision<UpdateTempKey> {
        let update = UpdateTempKey(
            lock: LockID(7), key: Self.id, from: from, until: until, maxUses: maxUses, users: users, mode: mode, caller: Self.acme)
        return Given<Lock>(Self.lock).when(update, Self.stored(found))
    }

    @Test func `only what is given changes`() {
        let later = Timestamp(milliseconds: 3_000_000)
        update(Self.key(), until: later).then(.tempKeyUpdated(Self.id, TempKeyChanges(until: later), by: "acme"))
        update(Self.key(maxUses: 3), maxUses: Nullable(nil)).then(
            .tempKeyUpdated(Self.id, TempKeyChanges(maxUses: .init(value: nil)), by: "acme"))
        var key = Self.key(maxUses: 3)
        key.apply(.changed(TempKeyChanges(maxUses: .init(value: nil)), by: "acme"))
        #expect(key.maxUses == nil && key.until == Timestamp(milliseconds: 2_000_000))
    }

    @Test func `updates that make no sense are refused`() {
        var revoked = Self.key()
        revoked.apply(.revoked(by: "acme", at: now))
        for found in [nil, revoked, Self.key(isShared: true)] {
            update(found, maxUses: Nullable(nil)).thenRefused(.noSuchKey)
        }
        update(Self.key([Self.door(1, 8)]), maxUses: Nullable(nil)).thenRefused(.keyOfAnotherLock)
        update(Self.key()).thenRefused(.nothingGiven)
        update(Self.key(), from: Timestamp(milliseconds: 2_000_000)).thenRefused(.endsBeforeItBegins)
        update(Self.key(), mode: .whitelist).thenRefused(.nobodyAllowed)
    }

    @Test func `a key changes between everybody and a whitelist`() {
        var key = Self.key()
        key.apply(.changed(TempKeyChanges(users: ["ann"], isWhitelist: true), by: "x"))
        #expect(key.isFor("ann") && !key.isFor("bob") && !key.isFor(nil))
        key.apply(.changed(TempKeyChanges(users: ["bob"]), by: "x"))
        #expect(key.isFor("bob") && !key.isFor("ann"))
        key.apply(.changed(TempKeyChanges(isWhitelist: false), by: "x"))
        #expect(key.isFor(nil))
    }

    @Test func `a key of another lock is neither deleted nor used`() {
        func delete(_ found: TempKey?) -> Decision<DeleteTempKey> {
            Given<Lock>(Self.lock).when(DeleteTempKey(lock: LockID(7), key: Self.id, caller: Self.acme), Self.stored(found))
        }
        func use(_ found: TempKey?) -> Decision<UseTempKey> {
            Given<Lock>(Self.lock).when(UseTempKey(lock: LockID(7), key: Self.id, user: nil, action: "a"), Self.stored(found))
        }
        delete(Self.key()).then(.tempKeyDeleted(Self.id, by: "acme"))
        use(Self.key()).then(.tempKeyUsed(TempKeyUse(key: Self.id, user: nil, count: 1)))
        for found in [nil, Self.key([Self.door(1, 8)])] {
            delete(found).thenRefused(.noSuchKey)
            use(found).thenRefused(.noSuchKey)
        }
    }

    @Test func `the worst that can be said of a key is said`() {
        func status(_ key: TempKey, at milliseconds: Int64) -> TempKey.Status { key.status(at: Timestamp(milliseconds: milliseconds)) }
        #expect(status(Self.key(), at: 499_999) == .notYetValid && status(Self.key(), at: 500_000) == .valid)
        #expect(status(Self.key(), at: 1_999_999) == .valid && status(Self.key(), at: 2_000_000) == .expired)
        var used = Self.key(maxUses: 1)
        used.apply(.useReserved("a"))
        #expect(status(used, at: 600_000) == .usedUp && status(used, at: 2_000_000) == .expired)
        used.apply(.useReturned("a"))
        used.apply(.useReturned("a"))
        #expect(status(used, at: 600_000) == .valid && used.usedCount == 0)
        used.apply(.revoked(by: "x", at: now))
        #expect(status(used, at: 2_000_000) == .revoked)
    }
}

@Suite struct GuestRefusalTests {
    let now = Timestamp(milliseconds: 1_000_000)
    let doors = [TempKeyTests.door(1, 7, .code), TempKeyTests.door(2, 8, .key), TempKeyTests.door(3, 9, .both)]

    func refusal(_ key: TempKey, door: Int? = nil, user: UserID? = nil, byPin: Bool = false, at moment: Timestamp? = nil) -> RequestError? {
        do {
            _ = try GuestRefusal.door(door, of: key, for: user, byPin: byPin, at: moment ?? now)
            return nil
        } catch { return error }
    }

    @Test func `the first door of the page opens, or the named one`() throws {
        let key = TempKeyTests.key(doors)
        #expect(try GuestRefusal.door(nil, of: key, for: nil, byPin: false, at: now).id == 2)
        #expect(try GuestRefusal.door(3, of: key, for: nil, byPin: false, at: now).id == 3)
        #expect(try GuestRefusal.door(1, of: key, for: nil, byPin: true, at: now).id == 1)
    }

    @Test func `everything else is refused for its reason`() {
        var revoked = TempKeyTests.key(doors)
        revoked.apply(.revoked(by: "x", at: now))
        #expect(refusal(TempKey()) == RequestError(GuestRefusal.noSuchKey))
        #expect(refusal(TempKeyTests.key(doors), door: 9) == RequestError(GuestRefusal.noSuchDoor))
        #expect(refusal(TempKeyTests.key(doors), door: 1) == RequestError(GuestRefusal.codeOnly))
        #expect(refusal(TempKeyTests.key([doors[0]])) == RequestError(GuestRefusal.codeOnly))
        #expect(refusal(revoked) == RequestError(GuestRefusal.revoked))
        #expect(refusal(TempKeyTests.key(doors), at: Timestamp(milliseconds: 2_000_000)) == RequestError(GuestRefusal.expired))
        #expect(refusal(TempKeyTests.key(doors), at: Timestamp(milliseconds: 1)) == RequestError(GuestRefusal.notYetValid))
        #expect(refusal(TempKeyTests.key(doors, users: ["ann"])) == RequestError(GuestRefusal.notForYou))
        #expect(refusal(TempKeyTests.key(doors, users: ["ann"]), user: "bob") == RequestError(GuestRefusal.notForYou))
        #expect(refusal(TempKeyTests.key(doors, users: ["ann"]), user: "ann") == nil)
        var used = TempKeyTests.key(doors, maxUses: 1)
        used.apply(.useReserved("a"))
        #expect(refusal(used) == RequestError(GuestRefusal.usedUp))
    }
}
