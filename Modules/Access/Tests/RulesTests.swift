import Application
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct RulesTests {
    func lock() -> Lock {
        var lock = Lock()
        lock.apply(.created(Installation(lock: LockID(7), uuid: "u", owner: "owner", org: "acme", keys: [Key(id: "k", user: "holder")])))
        return lock
    }

    @Test(arguments: [
        (Caller.key(org: "acme", isSuper: false), true, true), (.key(org: "other", isSuper: false), false, false),
        (.key(org: "ops", isSuper: true), true, true),
        (.user("owner", email: nil), true, true), (.user("holder", email: nil), true, false), (.user("stranger", email: nil), false, false),
        (.anonymous, false, false), (.staff(email: "a@b"), false, false),
    ])
    func `managers manage, and only owners give away`(caller: Caller, manages: Bool, owns: Bool) {
        let request = OpenLock(lock: LockID(7), reason: nil, request: nil)
        #expect(Rule<OpenLock, Lock>.manager.permits(request, lock(), caller) == manages)
        #expect(Rule<OpenLock, Lock>.owner.permits(request, lock(), caller) == owns)
    }

    @Test func `a key that was removed gives no right any more`() {
        var lock = lock()
        lock.apply(.keyRemoved("k", index: nil))
        #expect(!lock.isManaged(by: .user("holder", email: nil)))
    }

    @Test func `a tenant without a lock's tenant has no right`() {
        var orphan = Lock()
        orphan.apply(.created(Installation(lock: LockID(8), uuid: "v", owner: "owner")))
        #expect(!orphan.isManaged(by: .key(org: "acme", isSuper: false)))
    }

    @Test func `a move is heard by both tenants`() {
        let before = lock()
        var after = before
        after.apply(.organizationSet("new"))
        #expect(after.audience(of: .organizationSet("new"), before: before) == ["new", "acme"])
        #expect(after.audience(of: .ownerSet("x"), before: after) == ["new"])
    }
}
