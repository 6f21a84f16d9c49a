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

    @Test func `events and states are read by every later build`() throws { try GoldenSamples.check([pressed(at: now)], of: Doorbell.self) }
}
