import AccessContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct SamplesTests {
    let uuid: UUIDText = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

    @Test func `events and states of locks are read by every later build`() throws {
        let installation = Installation(
            lock: LockID(7), uuid: uuid, serialNumber: "SN-1", owner: "ann", org: "acme", keys: [Key(id: "k", index: 1, user: "bob")])
        try GoldenSamples.check(
            [
                .created(installation), .ownerSet("bob"), .organizationSet("other"), .keyAdded(Key(id: "k2", index: 2, user: "eve")),
                .keyRemoved("k2", index: 2), .keyWriteRequested("card", index: 3), .openRequested(reason: "courier", request: "r-1"),
                .uuidChanged(to: "8c9e6679-7425-40de-944b-e07fc1f90ae7", from: uuid),
                .residentAdded(Resident(user: "ann", name: "Ann", email: "a@example.com")),
                .residentRemoved("gone", email: "g@example.com"),
                .tempKeyCreated(
                    TempKeyNotice(
                        key: "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", users: ["ann"], from: Timestamp(milliseconds: 1_000),
                        until: Timestamp(milliseconds: 2_000), maxUses: 3,
                        createdBy: "acme")),
                .tempKeyUsed(TempKeyUse(key: "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", user: "ann", count: 2)),
                .tempKeyUpdated(
                    "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11",
                    TempKeyChanges(until: Timestamp(milliseconds: 3_000), maxUses: .init(value: nil), users: ["bob"], isWhitelist: true),
                    by: "acme"),
                .tempKeyDeleted("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", by: "acme"),
            ], of: Lock.self)
    }

    @Test func `residents' names and addresses are declared personal, in events and in the state`() throws {
        let samples = Dictionary(uniqueKeysWithValues: try GoldenSamples.all().map { ($0.name, $0.json) }), stream = StreamName("lock", "7")
        var found: [String] = []
        for (name, json) in [
            ("ResidentAdded", samples["ResidentAdded"]?["data"]), ("ResidentRemoved", samples["ResidentRemoved"]?["data"]),
        ] {
            _ = (Lock.events.personal.events[name] ?? []).replace(in: json?.members ?? [:], of: stream) { text, person in
                found.append("\(person) \(text)")
                return ""
            }
        }
        _ = Lock.events.personal.state.replace(in: samples["LockAggregate.state.3"]?.members ?? [:], of: stream) { text, person in
            found.append("\(person) \(text)")
            return ""
        }
        #expect(found == ["ann Ann", "ann a@example.com", "gone g@example.com", "ann Ann", "ann a@example.com"])
    }

    @Test func `events and states of temporary keys are read by every later build`() throws {
        let key: TempKey.ID = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"
        let door = TempKey.Door(id: 1, lock: LockID(7), lockUuid: uuid, label: "Front", method: .both)
        let definition = TempKey.Definition(
            id: key, isShared: true, doors: [door], users: ["ann"], from: Timestamp(milliseconds: 1_000),
            until: Timestamp(milliseconds: 2_000),
            maxUses: 3,
            description: "Cleaner", sealedPin: "sealed", createdBy: "acme", createdAt: Timestamp(milliseconds: 500))
        try GoldenSamples.check(
            [
                .created(definition), .changed(TempKeyChanges(from: Timestamp(milliseconds: 1_500), maxUses: .init(value: 5)), by: "acme"),
                .useReserved("a"),
                .useReturned("b"), .doorsEnded([2], by: "acme", at: Timestamp(milliseconds: 1_600)),
                .revoked(by: "acme", at: Timestamp(milliseconds: 1_700)),
            ], of: TempKey.self)
    }

    @Test func `events and states of actions are read by every later build`() throws {
        let door = OpenAction.Door(action: "a", lock: LockID(7), uuid: uuid, org: "acme")
        try GoldenSamples.check([.failed(door, error: "jammed"), .opened(door, isLate: true)], of: OpenAction.self)
    }

    @Test func `events and states of key grants are read by every later build`() throws {
        let schedule = WeeklySchedule(timeZone: "Europe/Athens", days: [.monday, .sunday], from: 540, to: 1_440)
        let validity = Validity(from: Timestamp(milliseconds: 1_000), until: Timestamp(milliseconds: 9_000), schedule: schedule)
        let terms = KeyGrant.Terms(lock: LockID(7), key: "k", index: 3, holder: "bob", validity: validity, since: 2)
        try GoldenSamples.check(
            [
                .granted(terms, isOnDevice: false, run: "run"), .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1),
                .moveFailed(attempt: 1, at: Timestamp(milliseconds: 2_000)), .moveDone(attempt: 2), .barred(run: "run"), .admitted,
                .revoked,
            ], of: KeyGrant.self)
        try GoldenSamples.check(KeyMove(grant: "7/k", attempt: 1), named: "KeyMove")
    }

    @Test func `runs are read by every later build`() throws {
        try GoldenSamples.check(KeepKeyInTime(grant: "7/k"), named: KeepKeyInTime.name)
        try GoldenSamples.check(ForgetPerson(user: "bob"), named: ForgetPerson.name)
        try GoldenSamples.check(RemoveKeyEverywhere(key: "k", holder: "bob"), named: RemoveKeyEverywhere.name)
        let keys = [Key(id: "k", index: 1, user: "bob")]
        try GoldenSamples.check(
            BulkAddKeys(lock: LockID(7), keys: keys, caller: .key(org: "acme", isSuper: false)), named: BulkAddKeys.name)
        try GoldenSamples.check(EndGivenKeys(lock: LockID(7), keys: ["k"], tenant: "acme", by: "ann"), named: EndGivenKeys.name)
    }

    @Test func `what rights ask is read by every later build`() throws {
        var lock = Lock()
        lock.apply(.created(Installation(lock: LockID(7), uuid: uuid, org: "acme")))
        try GoldenSamples.check(Right(.manager(.key(org: "acme", isSuper: false)), of: lock), named: "Right.manager")
        try GoldenSamples.check(Right(.keyGiver(.user("ann", email: nil)), of: lock), named: "Right.keyGiver")
        try GoldenSamples.check(Right(.tempKey(TempKeyTests.id, user: "ann", byPin: true, action: "a"), of: lock), named: "Right.tempKey")
        try GoldenSamples.check(Right(.listedKey("k"), of: lock), named: "Right.listedKey")
    }

    @Test func `events that may end a right are those that are listened for`() throws {
        let id: TempKey.ID = TempKeyTests.id
        let locks: [Lock.Event] = [
            .created(Installation(lock: LockID(7), uuid: uuid)), .ownerSet("u"), .organizationSet("o"), .uuidChanged(to: uuid, from: uuid),
            .keyAdded(Key(id: "k")),
            .keyRemoved("k", index: nil), .keyWriteRequested("k", index: nil), .openRequested(reason: nil, request: nil),
            .residentAdded(Resident(user: "u", name: "n")), .residentRemoved("u", email: nil),
            .tempKeyUsed(TempKeyUse(key: id, user: nil, count: 1)),
            .tempKeyUpdated(id, TempKeyChanges(), by: "o"), .tempKeyDeleted(id, by: "o"),
        ]
        for event in locks {
            let name = Lock.events.name(of: event)
            #expect(EndedRights.names.contains(name) == event.mayEndRights, "\(name)")
        }
        let keys: [TempKey.Event] = [
            .changed(TempKeyChanges(), by: "o"), .revoked(by: "o", at: Timestamp(milliseconds: 1)),
            .doorsEnded([1], by: "o", at: Timestamp(milliseconds: 1)),
            .useReserved("a"),
            .useReturned("a"),
        ]
        for event in keys {
            let name = TempKey.events.name(of: event)
            #expect(EndedRights.names.contains(name) == event.mayEndRights, "\(name)")
        }
    }

    @Test func `messages are read by every later build`() throws {
        try GoldenSamples.check(PersonalRecord(user: "ann"), named: PersonalRecord.name)
        try GoldenSamples.check(PersonalRecord.Reply(record: ["keys": []]), named: "\(PersonalRecord.name).Reply")
        try GoldenSamples.check(OwnedLocks(owner: "ann"), named: OwnedLocks.name)
        let lock = OwnedLocks.Lock(
            uuid: uuid.text, serialNumber: "SN-1", isOnline: true, keys: 1, residents: 0, lastEvent: "LockCreated",
            changedAt: Timestamp(milliseconds: 1))
        try GoldenSamples.check(OwnedLocks.Reply(locks: [lock]), named: "\(OwnedLocks.name).Reply")
        try GoldenSamples.check(PlateRights(lock: "7", org: "acme", users: ["ann"]), named: PlateRights.name)
        try GoldenSamples.check(
            PlateRights.Reply(number: 7, uuid: uuid.text, entitled: ["ann"], barred: ["eve"]), named: "\(PlateRights.name).Reply")
        let open = OpenForPlate(
            number: 7, org: "acme", user: "ann", isListed: true, detection: "c/d", deadline: Timestamp(milliseconds: 5_000))
        try GoldenSamples.check(open, named: OpenForPlate.name)
        try GoldenSamples.check(OpenForPlate.Reply(action: "a", reason: nil), named: "\(OpenForPlate.name).Reply")
    }
}
