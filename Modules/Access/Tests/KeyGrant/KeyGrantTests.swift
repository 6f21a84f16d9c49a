import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct KeyGrantTests {
    static let start = Timestamp(milliseconds: 1_000_000), end = Timestamp(milliseconds: 2_000_000)
    static func terms(_ validity: Validity = Validity(from: start, until: end)) -> KeyGrant.Terms {
        KeyGrant.Terms(lock: LockID(7), key: "k", index: 3, holder: "bob", validity: validity, since: 2)
    }
    static let granted = KeyGrant.Event.granted(terms(), isOnDevice: false, run: "run")
    static let before = start - .seconds(10), during = start + .seconds(10)

    func step(_ history: KeyGrant.Event..., at now: Timestamp, _ expected: KeyGrant.NextStep, at place: SourceLocation = #_sourceLocation) {
        var grant = KeyGrant()
        for event in history { grant.apply(event) }
        #expect(grant.nextStep(at: now, .athens) == expected, sourceLocation: place)
    }

    @Test func `what was never granted needs nothing`() { step(at: Self.during, .end) }

    @Test func `a key comes at its first moment and leaves at its last`() {
        step(Self.granted, at: Self.before, .sleep(until: Self.start))
        step(Self.granted, at: Self.during, .intend(onto: true, attempt: 1))
        step(Self.granted, .moveIntended(onto: true, attempt: 1), at: Self.during, .send(onto: true, attempt: 1))
        step(Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1), at: Self.during, .sleep(until: Self.end))
        let there: [KeyGrant.Event] = [Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1)]
        var grant = KeyGrant()
        for event in there { grant.apply(event) }
        #expect(grant.nextStep(at: Self.end, .athens) == .intend(onto: false, attempt: 2))
        for event in [.moveIntended(onto: false, attempt: 2), .moveSent(attempt: 2)] as [KeyGrant.Event] { grant.apply(event) }
        #expect(grant.nextStep(at: Self.end, .athens) == .sleep(until: Self.end + KeyGrant.longestSleep))
        let later = Self.end + KeyGrant.gracePeriod
        #expect(grant.nextStep(at: later - .seconds(60), .athens) == .sleep(until: later))
        #expect(grant.nextStep(at: later, .athens) == .end)
        // The clock had run ahead and is put right.
        #expect(grant.nextStep(at: Self.during, .athens) == .intend(onto: true, attempt: 3))
    }

    @Test func `a key whose time passed while nobody looked never comes`() {
        step(Self.granted, at: Self.end, .sleep(until: Self.end + KeyGrant.longestSleep))
        step(Self.granted, at: Self.end + KeyGrant.gracePeriod, .end)
    }

    @Test func `a clock put back takes the key away again`() {
        step(Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1), at: Self.before, .intend(onto: false, attempt: 2))
    }

    @Test func `an intention that was not sent is turned round when the time has passed`() {
        step(Self.granted, .moveIntended(onto: true, attempt: 1), at: Self.end, .intend(onto: false, attempt: 2))
    }

    @Test func `nobody sleeps longer than an hour`() {
        let far = KeyGrant.Event.granted(Self.terms(Validity(from: Self.start + .seconds(100_000))), isOnDevice: false, run: "run")
        step(far, at: Self.start, .sleep(until: Self.start + KeyGrant.longestSleep))
    }

    @Test func `a suspended holder's key leaves and comes back`() {
        let always = KeyGrant.Event.granted(Self.terms(.always), isOnDevice: true, run: "run")
        step(always, at: Self.during, .end)
        step(always, .barred(run: "next"), at: Self.during, .intend(onto: false, attempt: 1))
        step(
            always, .barred(run: "next"), .moveIntended(onto: false, attempt: 1), .moveSent(attempt: 1), at: Self.during,
            .sleep(until: Self.during + KeyGrant.longestSleep))
        step(
            always, .barred(run: "next"), .moveIntended(onto: false, attempt: 1), .moveSent(attempt: 1), .admitted, at: Self.during,
            .intend(onto: true, attempt: 2))
    }

    @Test func `a key that was taken from the lock leaves the device for certain`() {
        step(
            Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1), .revoked, at: Self.during,
            .intend(onto: false, attempt: 2))
        step(Self.granted, .revoked, at: Self.during, .end)
    }

    @Test func `what the device could not do is tried again, ever later`() {
        let failed: [KeyGrant.Event] = [
            Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1), .moveFailed(attempt: 1, at: Self.during),
        ]
        var grant = KeyGrant()
        for event in failed { grant.apply(event) }
        #expect(grant.nextStep(at: Self.during, .athens) == .sleep(until: Self.during + .seconds(20)))
        #expect(grant.nextStep(at: Self.during + .seconds(20), .athens) == .send(onto: true, attempt: 2))
        for event in [.moveSent(attempt: 2), .moveFailed(attempt: 2, at: Self.during)] as [KeyGrant.Event] { grant.apply(event) }
        #expect(grant.nextStep(at: Self.during, .athens) == .sleep(until: Self.during + .seconds(40)))
        grant.apply(.moveIntended(onto: false, attempt: 4))
        #expect(grant.nextStep(at: Self.end, .athens) == .send(onto: false, attempt: 4))
    }

    @Test func `a key that is given again and removed before it begins has nothing to wait for`() {
        var grant = KeyGrant()
        for event in [
            Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1), .revoked, .moveIntended(onto: false, attempt: 2),
        ] { grant.apply(event) }
        for event in [.moveSent(attempt: 2), .moveDone(attempt: 2), Self.granted, .revoked] as [KeyGrant.Event] { grant.apply(event) }
        #expect(!grant.mayBeOnDevice && grant.nextStep(at: Self.end, .athens) == .end)
    }

    @Test func `a device is asked to remove what is no longer the lock's until it has done it`() {
        var grant = KeyGrant()
        for event in [
            Self.granted, .moveIntended(onto: true, attempt: 1), .moveSent(attempt: 1), .revoked, .moveIntended(onto: false, attempt: 2),
        ] { grant.apply(event) }
        for attempt in 2..<20 {
            #expect(grant.nextStep(at: Self.end + .seconds(86_400), .athens) == .send(onto: false, attempt: attempt))
            grant.apply(.moveSent(attempt: attempt))
            #expect(grant.mayBeOnDevice)
            grant.apply(.moveFailed(attempt: attempt, at: Self.end))
        }
        grant.apply(.moveSent(attempt: 20))
        #expect(grant.nextStep(at: Self.end, .athens) == .sleep(until: Self.end + KeyGrant.longestSleep))
        grant.apply(.moveDone(attempt: 20))
        #expect(grant.nextStep(at: Self.end, .athens) == .end && !grant.mayBeOnDevice)
    }

    @Test func `a key granted again begins anew, and its commands are new ones`() {
        let again = KeyGrant.Event.granted(Self.terms(), isOnDevice: false, run: "second")
        step(Self.granted, .moveIntended(onto: true, attempt: 1), .revoked, again, at: Self.during, .intend(onto: true, attempt: 2))
    }

    @Test func `a key with hours is added as any other, and its hours are not changed by adding it again`() {
        let add = AddKey(lock: LockID(7), key: "k", index: nil, user: "bob", from: Self.start, until: Self.end, schedule: nil)
        let key = Key(id: "k", index: nil, user: "bob")
        Given<Lock>(KeyTests.created).when(add, .plain, at: Self.before).then(.keyAdded(key))
        Given<Lock>(KeyTests.created).when(add, .plain, at: Self.end).thenRefused(.isOver)
        Given<Lock>(KeyTests.created, .keyAdded(key)).when(add, .plain, at: Self.before).thenRefused(.hasOtherHours)
        var granted = KeyGrant()
        let terms = KeyGrant.Terms(lock: LockID(7), key: "k", index: nil, holder: "bob", validity: add.validity, since: 1)
        granted.apply(.granted(terms, isOnDevice: false, run: "r"))
        Given<Lock>(KeyTests.created, .keyAdded(key)).when(add, .known(granted: granted), at: Self.end).then()
        Given<Lock>(KeyTests.created).when(add, .known(isZoneKnown: false)).thenRefused(.noSuchZone)
        let inverted = AddKey(lock: LockID(7), key: "k", index: nil, user: "bob", from: Self.end, until: Self.start, schedule: nil)
        Given<Lock>(KeyTests.created).when(inverted, .plain).thenRefused(.endsBeforeItBegins)
    }

    @Test func `a run of an earlier build finds its grant, whose key may be in capitals`() {
        let small = "0b7c4d7e-5a4f-4b6e-9d1c-2f3a4b5c6d7e"
        #expect(KeyGrant.id(stored: "7/\(small.uppercased())") == KeyGrant.id(LockID(7), Key.ID(small)))
        #expect(KeyGrant.id(stored: "7/k/x") == "7/k/x")
    }
}
