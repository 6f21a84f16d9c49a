import Application
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct CreateLockTests {
    let uuid: UUIDText = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    let acme = Caller.key(org: "acme", isSuper: false), ann = Caller.user("ann", email: nil)

    func create(_ number: Int = 7, index: Int? = nil, owner: UserID? = nil, keys: [Key] = [], by caller: Caller) -> CreateLock {
        CreateLock(
            lock: LockID(number), index: LockID(index ?? number), uuid: uuid, serialNumber: "SN-1", vendorName: "Acme", owner: owner,
            keys: keys,
            caller: caller)
    }

    @Test func `a tenant's lock belongs to the tenant`() {
        Given<Lock>().when(create(by: acme)).then(.created(Installation(lock: LockID(7), uuid: uuid, serialNumber: "SN-1", org: "acme")))
    }

    @Test func `a lock that a user creates is hers`() {
        Given<Lock>().when(create(by: ann)).then(.created(Installation(lock: LockID(7), uuid: uuid, serialNumber: "SN-1", owner: "ann")))
    }

    @Test func `creating what exists changes nothing`() {
        Given<Lock>(.created(Installation(lock: LockID(7), uuid: uuid))).when(create(by: acme)).then()
    }

    @Test func `path and body must name the same lock`() {
        Given<Lock>().when(create(index: 8, by: acme)).thenRefused(.otherIndex)
    }

    @Test func `a key stands once in the list`() {
        Given<Lock>().when(create(keys: [Key(id: "k"), Key(id: "k", index: 2)], by: acme)).thenRefused(.keyTwice)
    }

    @Test(arguments: [
        (Caller.key(org: "acme", isSuper: false), nil as UserID?, true), (.key(org: "ops", isSuper: true), "bob", true),
        (.user("ann", email: nil), nil, true),
        (.user("ann", email: nil), "ann", true), (.user("ann", email: nil), "bob", false),
    ])
    func `users create locks for themselves only`(caller: Caller, owner: UserID?, isAllowed: Bool) async throws {
        let fake = FakeServices()
        fake.answer(BindThing.self) { _ in BindThing.Reply(isBound: true) }
        let body: JSON.Object = ["index": 7, "uuid": uuid.json, "ownerId": owner?.json]
        let request = Request(path: ["id": "7"], body: body, caller: caller, attempt: Attempt(now: fake.now))
        if isAllowed {
            #expect(try await CreateLock.operation.perform(request, fake.services("access")).status == 201)
        } else {
            await #expect(throws: RequestError.self) { try await CreateLock.operation.perform(request, fake.services("access")) }
        }
    }

    @Test func `a thing of another tenant is not taken over`() async throws {
        let fake = FakeServices()
        fake.answer(BindThing.self) { _ in BindThing.Reply(isBound: false) }
        let request = Request(path: ["id": "7"], body: ["index": 7, "uuid": uuid.json], caller: acme, attempt: Attempt(now: fake.now))
        await #expect(throws: RequestError.refused(.forbidden, code: nil, message: "The thing of this lock belongs to another tenant.")) {
            try await CreateLock.operation.perform(request, fake.services("access"))
        }
        #expect(fake.types(of: StreamName("lock", "7")).isEmpty)
    }
}
