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
            ], of: Lock.self)
    }

    @Test func `events and states of actions are read by every later build`() throws {
        let door = OpenAction.Door(action: "a", lock: LockID(7), uuid: uuid, org: "acme")
        try GoldenSamples.check([.failed(door, error: "jammed"), .opened(door, isLate: true)], of: OpenAction.self)
    }

    @Test func `messages are read by every later build`() throws {
        try GoldenSamples.check(OwnedLocks(owner: "ann"), named: OwnedLocks.name)
        let lock = OwnedLocks.Lock(
            uuid: uuid.text, serialNumber: "SN-1", isOnline: true, keys: 1, residents: 0, lastEvent: "LockCreated", changedAt: Moment(milliseconds: 1))
        try GoldenSamples.check(OwnedLocks.Reply(locks: [lock]), named: "\(OwnedLocks.name).Reply")
    }
}
