import Application
import Database
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct PinTests {
    @Test(arguments: ["1234", "123456", "00000000"]) func `four to eight digits are a PIN`(text: String) {
        #expect(TypedPin.problem(with: text) == nil)
    }
    @Test(arguments: ["", "123", "123456789", "12a4", " 1234", "١٢٣٤", "12345\u{0}"]) func `other texts are none`(text: String) {
        #expect(TypedPin.problem(with: text) != nil)
    }

    @Test func `a random PIN has six digits, and bytes that would favour some are passed over`() {
        let fake = FakeServices().services("access").vault
        let vault = Vault(
            seal: fake.seal, open: fake.open, sha256: fake.sha256, hmac: fake.hmac, blindIndexes: fake.blindIndexes,
            sealUnder: fake.sealUnder, openUnder: fake.openUnder, random: { _ in [255, 250, 249, 10, 3, 7, 251, 98, 200] })
        #expect(Pin.random(vault).digits == "903780")
    }

    @Test func `five wrong PINs within a minute have to wait, fifteen within a quarter of an hour are locked out`() {
        var throttle = PinThrottle(.lock(LockID(7)))
        var now = Timestamp(milliseconds: 1_000_000)
        for _ in 0..<5 {
            #expect(throttle.wait(at: now) == nil)
            throttle.noteFailure(at: now)
            now = now + .seconds(2)
        }
        #expect(throttle.wait(at: now) == .seconds(50))
        for _ in 0..<2 {
            now = now + .seconds(60)
            for _ in 0..<5 { throttle.noteFailure(at: now) }
        }
        #expect(throttle.wait(at: now) == .seconds(900))
        #expect(throttle.wait(at: now + .seconds(899)) == .seconds(1))
        #expect(throttle.wait(at: now + .seconds(900)) == nil)
    }

    @Test func `the windows move: a burst across the end of a minute is no way around`() {
        var throttle = PinThrottle(.lock(LockID(7)))
        let start = Timestamp(milliseconds: 1_000_000)
        throttle.noteFailure(at: start)
        for second in [56, 57, 58] { throttle.noteFailure(at: start + .seconds(second)) }
        throttle.noteFailure(at: start + .seconds(61))
        #expect(throttle.wait(at: start + .seconds(61)) == nil)
        throttle.noteFailure(at: start + .seconds(62))
        #expect(throttle.wait(at: start + .seconds(62)) == .seconds(54))
        #expect(throttle.wait(at: start + .seconds(116)) == nil)
    }

    @Test func `a success forgives the minute, not the quarter of an hour`() {
        var throttle = PinThrottle(.lock(LockID(7)))
        let now = Timestamp(milliseconds: 1_000_000)
        for _ in 0..<5 { throttle.noteFailure(at: now) }
        throttle.noteSuccess(at: now)
        #expect(throttle.wait(at: now) == nil)
        for _ in 0..<10 { throttle.noteFailure(at: now + .seconds(1)) }
        #expect(throttle.wait(at: now + .seconds(1)) == .seconds(900))
    }

    @Test func `a success where nothing was wrong changes nothing`() {
        var throttle = PinThrottle(.lock(LockID(7)))
        throttle.noteSuccess(at: Timestamp(milliseconds: 1_000_000))
        #expect(throttle == PinThrottle(.lock(LockID(7))))
    }

    @Test func `old failures do not count`() {
        var throttle = PinThrottle(.lock(LockID(7)))
        for _ in 0..<14 { throttle.noteFailure(at: Timestamp(milliseconds: 0)) }
        let later = Timestamp(milliseconds: 900_000)
        throttle.noteFailure(at: later)
        #expect(throttle.wait(at: later) == nil && throttle.failures == [later])
    }

    @Test func `a clock that was put back locks nobody out for longer than the span`() {
        var throttle = PinThrottle(.lock(LockID(7)))
        let now = Timestamp(milliseconds: 10_000_000)
        for _ in 0..<15 { throttle.noteFailure(at: now) }
        #expect(throttle.wait(at: now - .seconds(3_600)) == .seconds(900))
    }

    @Test(.everyDatabase) func `what was wrong is remembered by the database`() async throws {
        let stage = try await AccessStage(TestDatabase.current), now = stage.clock
        for lock in [7, 8] {
            var throttle = PinThrottle(.lock(LockID(lock)))
            for second in 0..<6 { throttle.noteFailure(at: now + .seconds(second)) }
            throttle.noteSuccess(at: now + .seconds(6))
            _ = try await stage.services.store.run([throttle.put(at: now + .seconds(lock))])
            let found = try await PinThrottle.load([.lock(LockID(lock))], stage.services)[0]
            #expect(found.failures == throttle.failures && found.forgivenAt == throttle.forgivenAt && found.revision == 1)
        }
        _ = try await stage.services.store.run([PinThrottle.forget(before: now + .seconds(1808))])
        #expect(try await PinThrottle.load([.lock(LockID(7)), .lock(LockID(8))], stage.services).map(\.failures.count) == [0, 6])
    }

    @Test(.everyDatabase) func `two processes count as one: the sixth wrong PIN within a minute is not told to be wrong`() async throws {
        let one = try await AccessStage(TestDatabase.current).services,
            scopes = [PinThrottle.Scope.lock(LockID(7)), .place("192.0.2.1"), .everywhere]
        // Both have looked before either has counted, each time.
        var told = 0
        for _ in 0..<4 {
            let looks = [try await PinThrottle.load(scopes, one), try await PinThrottle.load(scopes, one)]
            for look in looks where PinThrottle.wait(look, at: one.clock()) == nil {
                if try await PinThrottle.noteFailure(in: look, one) == nil { told += 1 }
            }
        }
        #expect(told == 5)
    }

    @Test func `many who guess together make those wait who have guessed, and nobody else`() {
        let now = Timestamp(milliseconds: 1_000_000)
        var everywhere = PinThrottle(.everywhere), guesser = PinThrottle(.place("192.0.2.1"))
        for _ in 0..<300 { everywhere.noteFailure(at: now) }
        guesser.noteFailure(at: now)
        let lock = PinThrottle(.lock(LockID(7))), guest = PinThrottle(.place("192.0.2.2"))
        #expect(PinThrottle.wait([lock, guesser, everywhere], at: now) == .seconds(60))
        #expect(PinThrottle.wait([lock, guest, everywhere], at: now) == nil)
        // That somebody else guesses at the same lock is not held against them.
        var tried = lock
        tried.noteFailure(at: now)
        #expect(PinThrottle.wait([tried, guest, everywhere], at: now) == nil)
    }

    @Test(.everyDatabase) func `many locks from one place have a limit too`() async throws {
        let services = try await AccessStage(TestDatabase.current).services
        var told = 0
        for lock in 1...150 {
            let throttles = try await PinThrottle.load([.lock(LockID(lock)), .place("192.0.2.1"), .everywhere], services)
            guard PinThrottle.wait(throttles, at: services.clock()) == nil else { continue }
            if try await PinThrottle.noteFailure(in: throttles, services) == nil { told += 1 }
        }
        #expect(told == 30)
        let elsewhere = try await PinThrottle.load([.lock(LockID(200)), .place("192.0.2.2"), .everywhere], services)
        #expect(PinThrottle.wait(elsewhere, at: services.clock()) == nil)
    }
}
