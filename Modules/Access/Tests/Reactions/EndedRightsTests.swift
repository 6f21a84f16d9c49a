import DevicesContracts
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct EndedRightsTests {
    @Test(.timeLimit(.minutes(1))) func `the ends of many rights are told at once, and wait once where Devices cannot be asked`()
        async throws
    {
        let fake = FakeServices(), subjects = Set((1...100).map { "lock:\($0)" }), trace = Trace(correlation: "", causation: nil)
        await LookAgain.beforeAnswer(about: subjects, trace, fake.services("access"))
        #expect(Set(try fake.asked(LookAgain.self).map(\.about)) == subjects)
        fake.answer(LookAgain.self) { _ in Done() }
        await LookAgain.beforeAnswer(about: ["lock:7"], trace, fake.services("access"))
        #expect(try fake.asked(LookAgain.self).last?.about == "lock:7")
        await LookAgain.beforeAnswer(about: [], trace, fake.services("access"))
        #expect(try fake.asked(LookAgain.self).count == 101)
    }
}
