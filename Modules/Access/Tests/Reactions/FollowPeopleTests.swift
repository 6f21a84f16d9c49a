import Application
import Database
import Kernel
import KernelTesting
import Testing

@testable import Access

/// What becomes of keys when their holder is suspended, whichever of the two is heard of first.
@Suite struct FollowPeopleTests {
    private func prepare() async throws -> (AccessStage, FollowPeople) {
        let stage = try await AccessStage(TestDatabase.current)
        let lock = Lock.Event.created(
            Installation(lock: LockID(7), uuid: "7c9e6679-7425-40de-944b-e07fc1f90ae7", owner: "ann", org: "acme"))
        try await stage.tell(
            "7", [lock, .keyAdded(Key(id: "k", index: 2, user: "eve")), .keyAdded(Key(id: "other", index: 3, user: "bob"))],
            of: Lock.self)
        return (stage, FollowPeople(services: stage.services))
    }

    private func heard(_ name: String, _ stream: StreamName, _ data: JSON.Object = [:]) -> Envelope {
        Envelope(
            id: name, source: stream.category == "lock" ? "access" : "identity", name: name, stream: stream, subject: stream.id, version: 2,
            at: Timestamp(milliseconds: 0), audience: [], trace: AccessStage.trace, data: data)
    }
    private var suspended: Envelope { heard("UserSuspended", StreamName("user", "eve"), ["suspendedBy": "staff"]) }
    private func added(_ key: String, _ user: String) -> Envelope {
        heard("KeyAdded", Lock.stream(7), ["keyUuid": .string(key), "userId": .string(user)])
    }

    private func isBarred(_ key: Key.ID, _ stage: AccessStage) async throws -> Bool {
        try await stage.state(KeyGrant.id(LockID(7), key), of: KeyGrant.self).isBarred
    }

    @Test(.everyDatabase) func `keys of a suspended holder leave the device until the suspension ends`() async throws {
        let (stage, follow) = try await prepare()
        try await stage.carryOut(follow.hear(suspended))
        #expect(try await isBarred("k", stage))
        #expect(try await !isBarred("other", stage))
        let again = try await follow.hear(suspended)
        #expect(again.appends.isEmpty)
        try await stage.carryOut(follow.hear(heard("UserReactivated", StreamName("user", "eve"), ["reactivatedBy": "staff"])))
        #expect(try await !isBarred("k", stage))
    }

    @Test(.everyDatabase) func `a key that is stored while its holder is being suspended leaves the device too`() async throws {
        let (stage, follow) = try await prepare()
        // The keys have been looked for, and what follows is not stored yet.
        let effects = try await follow.hear(suspended)
        try await stage.tell("7", [.keyAdded(Key(id: "late", index: 4, user: "eve"))], of: Lock.self)
        try await stage.carryOut(follow.added(added("late", "eve")))
        #expect(try await isBarred("late", stage))
        try await stage.carryOut(effects)
        #expect(try await isBarred("k", stage))
    }

    @Test(.everyDatabase) func `a wallet key leaves the device also where the lock does not know its holder`() async throws {
        let (stage, follow) = try await prepare()
        try await stage.tell("7", [.keyAdded(Key(id: "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", index: 5))], of: Lock.self)
        try await stage.carryOut(
            follow.hear(heard("WalletKeyPrepared", StreamName("user", "eve"), ["keyId": "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"])))
        try await stage.carryOut(follow.hear(suspended))
        #expect(try await isBarred("0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", stage))
        try await stage.tell("7", [.keyAdded(Key(id: "1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", index: 6))], of: Lock.self)
        let added = EventData("WalletKeyAdded", ["walletKey": ["keyId": "1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"]])
        try await stage.carryOut(follow.hear(heard(added.type, StreamName("user", "eve"), added.data)))
        try await stage.carryOut(follow.added(heard("KeyAdded", Lock.stream(7), ["keyUuid": "1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"])))
        #expect(try await isBarred("1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", stage))
    }

    @Test(.everyDatabase) func `keys that a lock is made with leave the device too`() async throws {
        let (stage, follow) = try await prepare()
        try await stage.carryOut(follow.hear(suspended))
        let lock = Installation(
            lock: LockID(8), uuid: "8c9e6679-7425-40de-944b-e07fc1f90ae7", org: "acme", keys: [Key(id: "first", index: 1, user: "eve")])
        try await stage.tell("8", [.created(lock)], of: Lock.self)
        try await stage.carryOut(follow.added(heard("LockCreated", Lock.stream(8))))
        #expect(try await stage.state("8/first", of: KeyGrant.self).isBarred)
    }

    @Test(.everyDatabase) func `whoever was suspended and is back gives keys as before`() async throws {
        let (stage, follow) = try await prepare()
        try await stage.carryOut(follow.hear(suspended))
        try await stage.carryOut(follow.hear(heard("UserReactivated", StreamName("user", "eve"), ["reactivatedBy": "staff"])))
        let lock = try await stage.state("7", of: Lock.self)
        #expect(try await lock.isGivenKeys(by: .user("eve", email: nil), stage.services))
    }

    @Test(.everyDatabase) func `a key of somebody who is not suspended stays`() async throws {
        let (stage, follow) = try await prepare()
        #expect(try await follow.added(added("k", "eve")).appends.isEmpty)
        try await stage.carryOut(follow.hear(suspended))
        #expect(try await follow.added(added("other", "bob")).appends.isEmpty)
        #expect(try await follow.added(added("k", "eve")).appends.isEmpty)  // barred already
    }

    @Test(.everyDatabase) func `an erased person's later keys leave the device`() async throws {
        let (stage, follow) = try await prepare()
        try await stage.carryOut(follow.hear(heard("UserErased", StreamName("user", "eve"))))
        try await stage.carryOut(follow.added(added("k", "eve")))
        #expect(try await isBarred("k", stage))
    }
}

extension FollowPeople {
    /// What its subscription does about a message.
    fileprivate func hear(_ envelope: Envelope) async throws -> Changes { try await Self.reactions(services)[0].react(envelope) }
}
