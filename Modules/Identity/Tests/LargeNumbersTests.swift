import Application
import Database
import EventStore
import Kernel
import KernelTesting
import Testing

@testable import Identity

/// How much a user may have: the state is written as a whole, so it has a limit.
@Suite struct LargeNumbersTests {
    private static let user: UserID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"

    private func account(_ events: (Int) -> UserAccount.Event, _ count: Int) -> UserAccount {
        var account = UserAccount()
        account.apply(.created(Self.user, org: "acme"))
        for number in 0..<count { account.apply(events(number)) }
        return account
    }

    private static func entry(_ number: Int) -> UserAccount.Event {
        .accessibleLockAdded(
            AccessibleLock(
                id: AccessibleLock.ID("lock \(number)"), name: "Door \(number)", level: .user, grantedBy: "Ann", validFrom: nil,
                validUntil: nil))
    }

    private func add(_ number: Int) -> AddAccessibleLock {
        AddAccessibleLock(
            user: Self.user, lock: AccessibleLock.ID("lock \(number)"), name: "Door", level: .user, validFrom: nil, validUntil: nil,
            grantedBy: "Ann")
    }

    @Test func `each list of a user has an end`() throws {
        let locks = account(Self.entry, UserAccount.maxAccessibleLocks)
        #expect(throws: AddAccessibleLock.Refusal.isFull) { try add(-1).decide(locks, NoFacts(), at: Timestamp(milliseconds: 1)) }
        let plates = account(
            { .plateAdded(LicensePlate(plate: PlateText("AB \($0)"), label: "", addedAt: Timestamp(milliseconds: 0))) },
            UserAccount.maxPlates
        )
        let plate = AddLicensePlate(user: Self.user, plate: PlateText("ZZ 1"), label: "")
        #expect(throws: AddLicensePlate.Refusal.isFull) { try plate.decide(plates, NoFacts(), at: Timestamp(milliseconds: 1)) }
        let keys = account(
            { .physicalKeyAdded(PhysicalKey(number: $0 + 1, org: "acme", orgName: nil, note: nil, addedAt: Timestamp(milliseconds: 0))) },
            UserAccount.maxPhysicalKeys)
        let key = AddPhysicalKey(user: Self.user, org: NonEmptyString("acme"), orgName: nil, note: nil)
        #expect(throws: AddPhysicalKey.Refusal.isFull) { try key.decide(keys, NoFacts(), at: Timestamp(milliseconds: 1)) }
        let devices = account(
            {
                .deviceAdded(
                    LinkedDevice(
                        id: LinkedDevice.ID("d\($0)"), kind: .matter, org: "acme", name: nil, addedBy: nil,
                        addedAt: Timestamp(milliseconds: 0)
                    ))
            }, UserAccount.maxDevices)
        let device = AddDevice(
            user: Self.user, device: NonEmptyString("new"), kind: .matter, org: NonEmptyString("acme"), name: nil, addedBy: nil)
        #expect(throws: AddDevice.Refusal.isFull) { try device.decide(devices, NoFacts(), at: Timestamp(milliseconds: 1)) }
    }

    @Test(.everyDatabase) func `five thousand accessible locks are stored, read and added to`() async throws {
        let database = TestDatabase.current
        try await Migrator(database).migrate(
            schema: "platform",
            [
                Epochs.migration,
                Migration(
                    "epoch",
                    [
                        "CREATE TABLE platform.credentials_epoch (id BIGINT PRIMARY KEY, epoch BIGINT NOT NULL)",
                        "INSERT INTO platform.credentials_epoch VALUES (1, 1)",
                    ]),
            ])
        try await Migrator(database).migrate(schema: "identity", Tables.migrations(for: "identity") + identity.migrations)
        let store = ModuleStore(schema: "identity", database: database, epoch: 0, aggregates: identity.aggregates).port
        func commit(_ events: [UserAccount.Event]) async throws {
            let append = try Append(events, to: try await store.load(UserAccount.self, Self.user.text), at: Timestamp(milliseconds: 1))
            try await store.commit(Commit([append], trace: Trace(correlation: "", causation: nil)))
        }
        try await commit([.created(Self.user, org: "acme")] + (0..<4_999).map(Self.entry))
        let account = try await store.load(UserAccount.self, Self.user.text).state
        try await commit(try add(4_999).decide(account, NoFacts(), at: Timestamp(milliseconds: 1)))
        #expect(try await store.load(UserAccount.self, Self.user.text).state.accessibleLocks.count == 5_000)
    }
}
