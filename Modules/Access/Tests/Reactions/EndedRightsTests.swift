import Application
import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct EndedRightsTests {
    @Test(.timeLimit(.minutes(1))) func `the ends of many rights are told at once, and wait once where Devices cannot be asked`()
        async throws
    {
        let fake = FakeServices()
        func commit(_ streams: [StreamName]) throws -> Commit {
            Commit(
                try streams.map { stream in
                    let lock = Snapshot<Lock>(stream: stream, state: Lock(), version: 0, changedAt: Timestamp(milliseconds: 0))
                    return try Append([.ownerSet("bob")], to: lock, at: Timestamp(milliseconds: 0))
                }, trace: Trace(correlation: "", causation: nil))
        }
        let streams = (1...100).map { StreamName("lock", "\($0)") }
        await EndedRights.followUp(try commit(streams), fake.services("access"))
        #expect(Set(try fake.asked(LookAgain.self).map(\.about)) == Set(streams.map(Premise.subject)))
        fake.answer(LookAgain.self) { _ in Done() }
        await EndedRights.followUp(try commit([streams[6]]), fake.services("access"))
        #expect(try fake.asked(LookAgain.self).last?.about == "lock:7")
        await EndedRights.followUp(try commit([]), fake.services("access"))
        #expect(try fake.asked(LookAgain.self).count == 101)
    }
}
