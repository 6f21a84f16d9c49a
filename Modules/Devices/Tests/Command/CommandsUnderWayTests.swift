import Synchronization
import Testing

@testable import Devices

/// The end of a right waits for what was decided before it.
@Suite struct CommandsUnderWayTests {
    private final class Door: Sendable {
        private let stream = AsyncStream.makeStream(of: Void.self)
        private let wasPassed = Mutex(false)
        func pass() async {
            for await _ in stream.stream {}
            wasPassed.withLock { $0 = true }
        }
        func open() { stream.continuation.finish() }
        var isPassed: Bool { wasPassed.withLock { $0 } }
    }

    @Test func `whoever waits goes on when the requests that had begun are over`() async {
        let underWay = CommandsUnderWay(), door = Door(), begun = Door()
        async let request: Void = underWay.during {
            begun.open()
            await door.pass()
        }
        await begun.pass()
        async let settled: Bool = {
            await underWay.waitForRunning()
            return door.isPassed
        }()
        door.open()
        #expect(await settled)
        await request
        await underWay.waitForRunning()
    }
}
