import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct KeyTests {
    static let created = Lock.Event.created(Installation(lock: LockID(7), uuid: "7c9e6679-7425-40de-944b-e07fc1f90ae7", org: "acme"))
    let k = Key(id: "k", index: 5, user: "bob")

    @Test func `adds a key`() {
        Given<Lock>(Self.created).when(AddKey(lock: LockID(7), key: "k", index: 5, user: "bob"), .plain).then(.keyAdded(k))
    }

    @Test func `adding the same key twice changes nothing`() {
        Given<Lock>(Self.created, .keyAdded(k)).when(AddKey(lock: LockID(7), key: "k", index: 5, user: "bob"), .plain).then()
    }

    @Test(arguments: [(6, "bob"), (5, "eve"), (nil, "bob"), (5, nil)] as [(Int?, UserID?)])
    func `the same key with another slot or holder is refused`(index: Int?, user: UserID?) {
        Given<Lock>(Self.created, .keyAdded(k)).when(AddKey(lock: LockID(7), key: "k", index: index, user: user), .plain).thenRefused(
            .keyTakenByAnother)
    }

    @Test(arguments: [("k", nil), (nil, 5), ("k", 5)] as [(Key.ID?, Int?)])
    func `removes a key by uuid, by slot or by both`(id: Key.ID?, index: Int?) {
        Given<Lock>(Self.created, .keyAdded(Key(id: "other", index: 6)), .keyAdded(k))
            .when(RemoveKey(lock: LockID(7), key: id, index: index)).then(.keyRemoved("k", index: 5))
    }

    @Test func `a selector is needed`() {
        Given<Lock>(Self.created, .keyAdded(k)).when(RemoveKey(lock: LockID(7), key: nil, index: nil)).thenRefused(.noSelector)
    }

    @Test func `selectors must name the same key`() {
        Given<Lock>(Self.created, .keyAdded(k)).when(RemoveKey(lock: LockID(7), key: "k", index: 6)).thenRefused(.selectorsDisagree)
    }

    @Test(arguments: [("gone", nil), (nil, 9)] as [(Key.ID?, Int?)])
    func `removing an absent key is refused`(id: Key.ID?, index: Int?) {
        Given<Lock>(Self.created, .keyAdded(k)).when(RemoveKey(lock: LockID(7), key: id, index: index)).thenRefused(.noSuchKey)
    }

    @Test func `writing a key leaves the list alone`() {
        Given<Lock>(Self.created).when(WriteKey(lock: LockID(7), key: "card", index: nil)).then(.keyWriteRequested("card", index: nil))
        Given<Lock>(Self.created, .keyWriteRequested("card", index: nil)).then { $0.keys.isEmpty }
    }

    @Test func `setting the same owner or tenant again changes nothing`() {
        Given<Lock>(Self.created).when(SetOwner(lock: LockID(7), user: "ann")).then(.ownerSet("ann"))
        Given<Lock>(Self.created, .ownerSet("ann")).when(SetOwner(lock: LockID(7), user: "ann")).then()
        Given<Lock>(Self.created).when(SetOrganization(lock: LockID(7), org: "other")).then(.organizationSet("other"))
        Given<Lock>(Self.created).when(SetOrganization(lock: LockID(7), org: "acme")).then()
    }

    @Test func `every open is a new request`() {
        let open = OpenLock(lock: LockID(7), reason: "courier", request: "r")
        Given<Lock>(Self.created, .openRequested(reason: "courier", request: "r")).when(open).then(
            .openRequested(reason: "courier", request: "r"))
    }
}

extension AddKey.Facts {
    /// Of a key that is new, for somebody who is not suspended.
    static let plain = AddKey.Facts.known()

    static func known(isZoneKnown: Bool = true, isHolderSuspended: Bool = false, granted: KeyGrant = KeyGrant()) -> AddKey.Facts {
        let grant = Snapshot(
            stream: KeyGrant.stream("7/k"), state: granted, version: granted.isLive ? 1 : 0, changedAt: Timestamp(milliseconds: 1))
        return AddKey.Facts(isZoneKnown: isZoneKnown, isHolderSuspended: isHolderSuspended, grant: grant)
    }
}
