import Application
import Kernel
import KernelTesting
import Testing

@testable import Identity

@Suite struct UserTests {
    let id: UUIDText = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    var user: UserID { UserID(id.text) }
    var entry: AccessibleLock { AccessibleLock(id: "123", name: "Front", level: .admin, grantedBy: "Ann") }

    func create(named: UUIDText? = nil) -> CreateUser {
        CreateUser(
            user: user, named: named ?? id, email: EmailAddress(normalising: "a@example.com"), firstName: nil, lastName: nil,
            phoneNumber: nil,
            caller: .key(org: "acme", isSuper: false))
    }

    func add(from: Timestamp? = nil, until: Timestamp? = nil) -> AddAccessibleLock {
        AddAccessibleLock(user: user, lock: "123", name: "Front", level: .admin, validFrom: from, validUntil: until, grantedBy: "Ann")
    }

    @Test func `a user is created without personal data`() { Given<UserAccount>().when(create()).then(.created(user, org: "acme")) }
    @Test func `creating again changes nothing`() { Given<UserAccount>(.created(user, org: "acme")).when(create()).then() }
    @Test func `path and body must name the same user`() {
        Given<UserAccount>().when(create(named: "00000000-0000-4000-8000-000000000000")).thenRefused(.otherUser)
    }
    @Test func `a lock is listed once`() {
        Given<UserAccount>(.created(user, org: nil)).when(add()).then(.accessibleLockAdded(entry))
        Given<UserAccount>(.created(user, org: nil), .accessibleLockAdded(entry)).when(add()).thenRefused(.listedAlready)
    }
    @Test func `a window ends after it begins`() {
        Given<UserAccount>(.created(user, org: nil)).when(add(from: Timestamp(milliseconds: 2), until: Timestamp(milliseconds: 2)))
            .thenRefused(
                .endsBeforeItBegins)
    }
    @Test func `only what is listed can be removed`() {
        let remove = RemoveAccessibleLock(user: user, lock: "123", removedBy: "Bob", reason: "moved")
        Given<UserAccount>(.created(user, org: nil)).when(remove).thenRefused(.notListed)
        Given<UserAccount>(.created(user, org: nil), .accessibleLockAdded(entry)).when(remove, at: Timestamp(milliseconds: 9))
            .then(.accessibleLockRemoved("123", by: "Bob", reason: "moved", at: Timestamp(milliseconds: 9)))
    }
    @Test func `numbers of physical keys count up`() {
        let first = PhysicalKey(number: 1, org: "acme", orgName: nil, note: nil, addedAt: Timestamp(milliseconds: 0))
        Given<UserAccount>(.created(user, org: nil), .physicalKeyAdded(first)).when(
            AddPhysicalKey(user: user, org: "acme", orgName: nil, note: nil)
        )
        .then(.physicalKeyAdded(PhysicalKey(number: 2, org: "acme", orgName: nil, note: nil, addedAt: Timestamp(milliseconds: 0))))
    }

    @Test(arguments: [
        ("  ANN@Example.COM ", "ann@example.com"), ("a+b@x-y.co", "a+b@x-y.co"), ("o'neil@example.org", "o'neil@example.org"),
    ])
    func `addresses are normalised`(raw: String, text: String) { #expect(EmailAddress(normalising: raw)?.text == text) }

    @Test(arguments: [
        "", "plain", "a@", "@example.com", "a b@example.com", ".a@example.com", "a..b@example.com", "a@x", "a@@x.com", "a@-x.com",
        "a.@x.com",
    ])
    func `malformed addresses are refused`(raw: String) { #expect(EmailAddress(normalising: raw) == nil) }

    @Test(arguments: [
        ("+30 691 234-5678", "+306912345678"), ("0030(691)2345678", "+306912345678"), ("+44 (0) 20 7946 0958", "+442079460958"),
        ("+30\u{A0}691\u{2011}2345678", "+306912345678"), ("\u{202A}+306912345678\u{202C}", "+306912345678"),
        ("\u{FF0B}\u{FF13}\u{FF10}6912345678", "+306912345678"),
    ])
    func `phone numbers are normalised`(raw: String, text: String) { #expect(PhoneNumber(normalising: raw)?.text == text) }

    @Test(arguments: ["6912345678", "+12", "+1234567890123456", "+30x", "", "+0306912345678", "0000306912345678", "+442079460958 ext. 7"])
    func `other phone numbers are refused`(raw: String) { #expect(PhoneNumber(normalising: raw) == nil) }

    @Test(arguments: [
        (Caller.key(org: "any", isSuper: false), true), (.user("7c9e6679-7425-40de-944b-e07fc1f90ae7", email: nil), true),
        (.user("other", email: nil), false),
        (.anonymous, false),
    ])
    func `people act for themselves, keys for anyone`(caller: Caller, isAllowed: Bool) {
        #expect(Rule<CreateUser, UserAccount>.selfOrTenant.permits(create(), UserAccount(), caller) == isAllowed)
    }
}
