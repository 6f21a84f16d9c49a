import Application
import Database
import DevicesContracts
import Kernel
import KernelTesting
import PartnersContracts
import Testing

@testable import Access

/// A lock and its thing go to another tenant together, or come back together.
@Suite struct ThingTransferTests {
    private func prepare() async throws -> AccessStage {
        let stage = try await AccessStage(TestDatabase.current)
        stage.fake.answer(BindThing.self) { _ in BindThing.Reply(isBound: true) }
        stage.fake.answer(TenantExists.self) { _ in TenantExists.Reply(exists: true) }
        try await stage.tell("7", [TempKeyTests.lock], of: Lock.self)
        return stage
    }

    private func handOver(_ stage: AccessStage, to org: OrgID = "other") async throws {
        let request = Request(caller: .key(org: "acme", isSuper: false), attempt: Attempt(now: stage.clock))
        _ = try await stage.services.execute(SetOrganization(lock: LockID(7), org: org), for: request)
    }
    private func waiting(_ stage: AccessStage) async throws -> Int {
        try await stage.database.read("SELECT lock_id FROM access.hand_overs").count
    }
    private func bound(_ stage: AccessStage) throws -> [OrgID?] { try stage.fake.asked(BindThing.self).map(\.org) }

    @Test(.everyDatabase) func `a finished hand-over leaves nothing to put right`() async throws {
        let stage = try await prepare()
        try await handOver(stage)
        #expect(try await waiting(stage) == 0)
        #expect(try bound(stage) == ["other"])
        #expect(try await stage.state("7", of: Lock.self).org == "other")
    }

    @Test(.everyDatabase) func `a thing whose lock did not follow goes back`() async throws {
        let stage = try await prepare()
        // The thing has moved, and neither the commit nor the way back came about.
        stage.fake.answer(BindThing.self) { _ in throw AskFailure.timedOut(name: BindThing.name) }
        await #expect(throws: AskFailure.self) { try await handOver(stage) }
        #expect(try await waiting(stage) == 1)
        stage.fake.answer(BindThing.self) { _ in BindThing.Reply(isBound: true) }
        try await ThingTransfers(services: stage.services).reconcile()
        #expect(try bound(stage) == ["other"])  // the request may still live
        stage.pass(ThingTransfers.timeout + .seconds(1))
        try await ThingTransfers(services: stage.services).reconcile()
        #expect(try bound(stage) == ["other", "acme"])
        #expect(try await waiting(stage) == 0)
    }

    @Test(.everyDatabase) func `what was noted waits until the devices answer`() async throws {
        let stage = try await prepare()
        stage.fake.answer(BindThing.self) { _ in throw AskFailure.timedOut(name: BindThing.name) }
        await #expect(throws: AskFailure.self) { try await handOver(stage) }
        stage.pass(ThingTransfers.timeout + .seconds(1))
        try await ThingTransfers(services: stage.services).reconcile()
        #expect(try await waiting(stage) == 1)
    }
}
