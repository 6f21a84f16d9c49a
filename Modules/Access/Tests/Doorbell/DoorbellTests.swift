import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct DoorbellTests {
    private let now = Timestamp(milliseconds: 10_000)

    private func facts() -> PressDoorbell.Facts {
        var lock = Lock()
        lock.apply(TempKeyTests.lock)
        lock.apply(.residentAdded(Resident(user: "bob", name: "Bob", email: nil)))
        return PressDoorbell.Facts(lock: lock)
    }

    private func pressed(at moment: Timestamp) -> Doorbell.Event {
        let lock = facts().lock
        return .pressed(Doorbell.Press(lock: LockID(7), uuid: lock.uuid, residents: ["bob"], org: lock.organisation, at: moment))
    }

    @Test func `a press is told with the residents`() {
        Given<Doorbell>().when(PressDoorbell(lock: LockID(7)), facts(), at: now).then(pressed(at: now))
    }

    @Test func `whoever keeps pressing is heard once in three seconds`() {
        let press = PressDoorbell(lock: LockID(7)), again = now + .milliseconds(2_999), later = now + .seconds(3)
        Given<Doorbell>(pressed(at: now)).when(press, facts(), at: again).then()
        Given<Doorbell>(pressed(at: now)).when(press, facts(), at: later).then(pressed(at: later))
    }

    @Test func `a clock that was set back silences no bell`() {
        let back = now - .seconds(60)
        Given<Doorbell>(pressed(at: now)).when(PressDoorbell(lock: LockID(7)), facts(), at: back).then(pressed(at: back))
    }

    @Test(.everyDatabase) func `a doorbell rings at the door whose lock it stands for, of its own tenant`() async throws {
        let stage = try await AccessStage(TestDatabase.current), follow = FollowBells(services: stage.services)
        try await stage.tell("7", [TempKeyTests.lock], of: Lock.self)
        let uuid = facts().lock.uuid.text
        func ring(_ device: String, _ thing: String, _ org: OrgID?, ago: Duration = .zero) async throws -> Int {
            let envelope = Envelope(
                id: "e", source: "devices", name: BellPressed.name, stream: StreamName("matter-device", device), subject: device,
                version: 1, at: stage.clock - ago, audience: [], trace: AccessStage.trace, data: [:])
            _ = try await follow.ring(BellPressed(device: ThingName(device), thing: ThingName(thing), org: org), envelope)
            return try await stage.database.read("SELECT 1 AS x FROM access.events WHERE type = 'DoorbellPressed'").count
        }
        #expect(try await ring("other", "device", "acme") == 0)
        #expect(try await ring(uuid, uuid, "stranger") == 0)
        #expect(try await ring(uuid, uuid, nil) == 0)
        // Somebody who rang a minute ago has left.
        #expect(try await ring(uuid, uuid, "acme", ago: .seconds(60)) == 0)
        #expect(try await ring("bell", uuid, "acme") == 1)
    }

    @Test func `events and states are read by every later build`() throws { try GoldenSamples.check([pressed(at: now)], of: Doorbell.self) }
}
