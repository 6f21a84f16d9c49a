import Application
import IdentityContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct ResidentTests {
    let ann = Resident(user: "ann", name: "Ann", email: "a@example.com")

    func add(by id: NonEmptyString? = nil, email: String? = nil) -> AddResident {
        AddResident(lock: LockID(7), name: "Ann", email: email, phone: nil, user: id)
    }
    func remove(by id: NonEmptyString? = nil, email: String? = nil) -> RemoveResident {
        RemoveResident(lock: LockID(7), email: email, phone: nil, user: id)
    }

    @Test func `a resident is added once`() {
        Given<Lock>(TempKeyTests.lock).when(add(email: " A@Example.com "), PersonFound(user: "ann")).then(.residentAdded(ann))
        Given<Lock>(TempKeyTests.lock).when(add(by: "ann", email: "a@example.com"), PersonFound(user: "ann")).then(
            .residentAdded(Resident(user: "ann", name: "Ann")))
        Given<Lock>(TempKeyTests.lock, .residentAdded(ann)).when(add(by: "ann"), PersonFound(user: "ann")).thenRefused(.listedAlready)
    }

    @Test func `somebody must be named, and known`() {
        Given<Lock>(TempKeyTests.lock).when(add(), PersonFound(user: nil)).thenRefused(.nobodyNamed)
        Given<Lock>(TempKeyTests.lock).when(add(email: "b@example.com"), PersonFound(user: nil)).thenRefused(.noSuchUser)
        Given<Lock>(TempKeyTests.lock).when(remove(), PersonFound(user: nil)).thenRefused(.nobodyNamed)
    }

    @Test func `a resident is removed, also one of old who is known by address only`() {
        Given<Lock>(TempKeyTests.lock, .residentAdded(ann)).when(remove(by: "ann"), PersonFound(user: "ann")).then(
            .residentRemoved("ann", email: "a@example.com"))
        Given<Lock>(TempKeyTests.lock, .residentAdded(ann)).when(remove(email: "A@example.com"), PersonFound(user: nil)).then(
            .residentRemoved("ann", email: "a@example.com"))
        Given<Lock>(TempKeyTests.lock).when(remove(by: "ann"), PersonFound(user: "ann")).thenRefused(.notListed)
    }

    @Test func `ids are taken as they are, addresses and numbers are asked for`() async throws {
        let fake = FakeServices()
        fake.answer(FindPerson.self) { question in
            FindPerson.Reply(user: question.email == "a@example.com" ? "ann" : question.phone == "+30" ? "bob" : nil)
        }
        let request = Request(attempt: Attempt(now: fake.now))
        func find(_ user: UserID?, _ email: String?, _ phone: String?) async throws -> UserID? {
            try await PersonSelector(user: user, email: email, phone: phone).find(request, fake.services("access")).user
        }
        let found = [
            try await find("x", "a@example.com", nil), try await find(nil, "a@example.com", nil), try await find(nil, nil, "+30"),
            try await find(nil, "z", nil),
            try await find(nil, nil, nil),
        ]
        #expect(found == ["x", "ann", "bob", nil, nil])
        #expect(try fake.asked(FindPerson.self).count == 3)
    }

    @Test func `a lock's uuid is replaced by another`() {
        let old: UUIDText = "7c9e6679-7425-40de-944b-e07fc1f90ae7", new: UUIDText = "8c9e6679-7425-40de-944b-e07fc1f90ae7"
        Given<Lock>(TempKeyTests.lock).when(ChangeLockUuid(lock: LockID(7), uuid: new)).then(.uuidChanged(to: new, from: old))
        Given<Lock>(TempKeyTests.lock).when(ChangeLockUuid(lock: LockID(7), uuid: "7C9E6679-7425-40DE-944B-E07FC1F90AE7")).thenRefused(
            .sameUuid)
        #expect(
            Lock.claims(of: .uuidChanged(to: new, from: old), before: Lock()) == [
                .take(kind: "lock-uuid", value: new.text), .release(kind: "lock-uuid", value: old.text),
            ])
    }
}
