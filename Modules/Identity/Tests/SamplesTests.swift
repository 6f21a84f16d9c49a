import IdentityContracts
import Kernel
import KernelTesting
import Testing

@testable import Identity

@Suite struct SamplesTests {
    @Test func `events and states are read by every later build`() throws {
        let key: UUIDText = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", other: UUIDText = "1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"
        let now = Timestamp(milliseconds: 1_755_680_400_123)
        let entry = AccessibleLock(
            id: "123", name: "Front", level: .admin, grantedBy: "Ann", validFrom: Timestamp(milliseconds: 1_000),
            validUntil: Timestamp(milliseconds: 2_000))
        let device = LinkedDevice(
            id: "d", kind: .rtspCamera, org: "acme", name: "Yard", addedBy: "Ann", addedAt: Timestamp(milliseconds: 4))
        try GoldenSamples.check(
            [
                .created("7c9e6679-7425-40de-944b-e07fc1f90ae7", org: "acme"), .erased(by: "staff", at: now),
                .emailUpdated(masked: "a***@example.com"),
                .phoneUpdated(masked: nil),
                .profileUpdated([.firstName, .lastName]), .suspended(by: "staff", reason: "fraud", at: now),
                .reactivated(by: "staff", at: now),
                .accessibleLockAdded(entry), .accessibleLockRemoved("123", by: "Bob", reason: "moved", at: Timestamp(milliseconds: 9)),
                .walletKeyAdded(WalletKey(id: other, kind: .google, index: 1.5, addedAt: now)),
                .walletKeyPrepared(WalletKey(id: key, kind: .apple, index: 7, addedAt: now)),
                .walletKeyCommitted(key, Pass(id: "p", url: "https://x.example/p"), at: now),
                .walletKeyRolledBack("2b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", reason: "no", at: now),
                .walletKeyRemoved("3b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", reason: "lost", at: now),
                .physicalKeyAdded(PhysicalKey(number: 1, org: "acme", orgName: "Acme", note: "spare", addedAt: Timestamp(milliseconds: 3))),
                .physicalKeyRemoved(PhysicalKey(number: 9, org: "acme", addedAt: now), at: now),
                .plateAdded(LicensePlate(plate: "ABC1234", label: "van", addedAt: Timestamp(milliseconds: 5))), .plateRemoved("XYZ"),
                .deviceAdded(device),
                .deviceRemoved(LinkedDevice(id: "gone", kind: .matter, org: "acme", addedAt: now), by: "Ann", reason: "sold", at: now),
            ], of: UserAccount.self)
    }

    @Test func `messages are read by every later build`() throws {
        try GoldenSamples.check(FindPerson(email: "a@example.com", phone: "+3069"), named: FindPerson.name)
        try GoldenSamples.check(FindPerson.Reply(user: "ann"), named: "\(FindPerson.name).Reply")
        try GoldenSamples.check(PeopleWithPhone(users: ["ann", "bob"]), named: PeopleWithPhone.name)
        try GoldenSamples.check(PeopleWithPhone.Reply(users: ["bob"]), named: "\(PeopleWithPhone.name).Reply")
        try GoldenSamples.check(PersonEmail(user: "ann"), named: PersonEmail.name)
        try GoldenSamples.check(PersonEmail.Reply(isKnown: true, email: "a@example.com"), named: "\(PersonEmail.name).Reply")
        try GoldenSamples.check(PeopleWithEmail(after: "ann", limit: 5), named: PeopleWithEmail.name)
        try GoldenSamples.check(PeopleWithEmail.Reply(users: ["bob"]), named: "\(PeopleWithEmail.name).Reply")
        try GoldenSamples.check(DevicesOfPerson(user: "ann"), named: DevicesOfPerson.name)
        try GoldenSamples.check(DevicesOfPerson.Reply(devices: ["d"]), named: "\(DevicesOfPerson.name).Reply")
        try GoldenSamples.check(PlateHolders(plate: "ABC-1234", org: "acme", refused: ["EVE 1"]), named: PlateHolders.name)
        try GoldenSamples.check(
            PlateHolders.Reply(plate: "ABC1234", holders: [.init(user: "ann", plate: "A8C1234", isExact: false)], isRefused: true),
            named: "\(PlateHolders.name).Reply")
        try GoldenSamples.check(ListedUsers(users: ["ann"], names: ["7"], org: "acme"), named: ListedUsers.name)
        try GoldenSamples.check(ListedUsers.Reply(users: ["ann"]), named: "\(ListedUsers.name).Reply")
    }

    /// What this module writes is what its contracts promise.
    @Test func `published events are read from what is stored`() throws {
        let stream = StreamName("user", "ann"),
            samples = Dictionary(uniqueKeysWithValues: try GoldenSamples.all().map { ($0.name, $0.json["data"]?.members ?? [:]) })
        func read<E: PublishedEvent>(_ type: E.Type) throws -> E {
            let sample = try #require(samples[E.name], "\(E.name) has no sample")
            return try E.decode(envelope(E.name, stream, sample))
        }
        #expect(try read(UserSuspended.self) == UserSuspended(user: "ann", tenant: nil))
        #expect(try read(UserReactivated.self) == UserReactivated(user: "ann", tenant: nil))
        #expect(try read(UserErased.self) == UserErased(user: "ann"))
        #expect(try read(WalletKeyPrepared.self) == WalletKeyPrepared(user: "ann", key: "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"))
        #expect(try read(WalletKeyAdded.self) == WalletKeyAdded(user: "ann", key: "1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"))
        #expect(try read(WalletKeyRemoved.self) == WalletKeyRemoved(user: "ann", key: "3b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"))
    }

    @Test func `an event without what its contract promises stops its subscription`() {
        #expect(throws: EventDecodingError.self) { try UserSuspended.decode(envelope(UserSuspended.name, StreamName("user", "ann"), [:])) }
    }

    private func envelope(_ name: String, _ stream: StreamName, _ data: JSON.Object) -> Envelope {
        Envelope(
            id: "e", source: "identity", name: name, stream: stream, subject: stream.id, version: 1, at: Timestamp(milliseconds: 0),
            audience: [],
            trace: Trace(correlation: "", causation: nil), data: data)
    }

    /// The texts of every sample that are no ids, names of kinds or times are declared personal, or stand here.
    @Test func `what is said of a person is declared`() throws {
        let plain: [String: Set<String>] = [
            "UserCreated": ["status"], "UserEmailUpdated": ["action"], "UserPhoneNumberUpdated": ["action"],
            "UserSuspended": ["suspendedBy"],
            "UserReactivated": ["reactivatedBy"], "UserErased": ["erasedBy"], "AccessibleLockAdded": ["accessLevel", "lockId"],
            "AccessibleLockRemoved": ["lockId", "removedBy"], "WalletKeyPrepared": ["keyId", "walletType"],
            "WalletKeyCommitted": ["walletType", "keyId", "passId"],
            "WalletKeyRolledBack": ["preparedKeyId"], "WalletKeyRemoved": ["keyId"], "PhysicalKeyAdded": ["orgId", "orgName"],
            "DeviceAdded": ["deviceId", "deviceType", "orgId"], "DeviceRemoved": ["deviceId", "deviceType", "removedBy"],
        ]
        let stream = StreamName("user", "ann")
        for sample in try GoldenSamples.all() where sample.name.first?.isUppercase == true && !sample.name.contains(".") {
            let data = sample.json["data"]?.members ?? [:]
            let rest = (UserAccount.events.personal.events[sample.name] ?? []).replace(in: data, of: stream) { _, _ in "" }
            let open = rest.members.filter { member in
                guard let text = member.value.text, !text.isEmpty, member.key != "userId" else { return false }
                return Timestamp(iso: text) == nil
            }
            #expect(Set(open.map(\.key)) == plain[sample.name, default: []], "\(sample.name)")
        }
    }
}
