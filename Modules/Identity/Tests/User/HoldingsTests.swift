import Application
import IdentityContracts
import Kernel
import KernelTesting
import Testing
import WalletLinks

@testable import Identity

/// Wallet keys, metal keys, plates, devices: what a user holds.
@Suite struct HoldingsTests {
    let user: UserID = "u", now = Timestamp(milliseconds: 50)
    let k: UUIDText = "0b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11", other: UUIDText = "1b4f4a1c-8a56-4f6e-9d0a-3f2f5b2b7c11"
    let created = UserAccount.Event.created("u", org: "acme")
    let acme = Caller.key(org: "acme", isSuper: false), foreign = Caller.key(org: "other", isSuper: false)

    func key(_ id: UUIDText, _ kind: WalletKey.Kind, index: Double = 1) -> WalletKey {
        WalletKey(id: id, kind: kind, index: index, addedAt: now)
    }
    func add(_ id: UUIDText, _ kind: WalletKey.Kind) -> AddWalletKey {
        AddWalletKey(user: user, kind: kind, index: 1, key: id, caller: .key(org: "acme", isSuper: false))
    }

    @Test func `a user has one wallet key, of the other type it is replaced`() {
        Given<UserAccount>(created).when(add(k, .apple), at: now).then(.walletKeyPrepared(key(k, .apple)))
        Given<UserAccount>(created, .walletKeyPrepared(key(k, .apple))).when(add(other, .apple), at: now).thenRefused(.hasOneOfThisType)
        Given<UserAccount>(created, .walletKeyPrepared(key(k, .apple))).when(add(other, .google), at: now).then(
            .walletKeyPrepared(key(other, .google)))
        Given<UserAccount>(created, .walletKeyPrepared(key(k, .apple)), .walletKeyPrepared(key(other, .google))).then {
            $0.walletKey?.id == other
        }
    }

    @Test func `a pass is recorded once`() {
        let pass = Pass(id: "p", url: "https://x.example/p")
        let commit = CommitWalletKey(user: user, key: k, passID: "p", passURL: "https://x.example/p")
        Given<UserAccount>(created).when(commit).thenRefused(.noSuchKey)
        Given<UserAccount>(created, .walletKeyPrepared(key(k, .apple))).when(commit, at: now).then(.walletKeyCommitted(k, pass, at: now))
        Given<UserAccount>(created, .walletKeyPrepared(key(k, .apple)), .walletKeyCommitted(k, pass, at: now)).when(commit).then()
    }

    @Test func `only a key without a pass is rolled back`() {
        let back = RollBackWalletKey(user: user, key: k, reason: "failed"), prepared = UserAccount.Event.walletKeyPrepared(key(k, .apple))
        Given<UserAccount>(created).when(back).thenRefused(.noSuchKey)
        Given<UserAccount>(created, prepared).when(back, at: now).then(.walletKeyRolledBack(k, reason: "failed", at: now))
        Given<UserAccount>(created, prepared, .walletKeyCommitted(k, Pass(id: "p", url: "u"), at: now)).when(back).thenRefused(.isCommitted)
        Given<UserAccount>(created, prepared, .walletKeyRolledBack(k, reason: "failed", at: now)).then { $0.walletKey == nil }
    }

    @Test func `a wallet key is removed, old ones too`() {
        let remove = RemoveWalletKey(user: user, key: k, reason: "lost")
        Given<UserAccount>(created).when(remove).thenRefused(.noSuchKey)
        for history in [UserAccount.Event.walletKeyPrepared(key(k, .apple)), .walletKeyAdded(key(k, .google))] {
            Given<UserAccount>(created, history).when(remove, at: now).then(.walletKeyRemoved(k, reason: "lost", at: now))
            Given<UserAccount>(created, history, .walletKeyRemoved(k, reason: "lost", at: now)).then {
                $0.walletKey == nil && $0.digitalKeys.isEmpty
            }
        }
    }

    @Test func `links carry what the wallet needs`() {
        let standard = WalletLinks.live
        #expect(standard.appleLink("k-1", "a+b@example.com") == "https://a.wallet.spkey.co/?email=a%2Bb%40example.com&uuid=k-1&brand=spkey")
        #expect(standard.googleLink("é") == "https://g.wallet.spkey.co/?uuid=%C3%A9&brand=spkey")
    }

    @Test func `a metal key of another tenant does not exist for a tenant`() {
        let held = PhysicalKey(number: 1, org: "acme", addedAt: now)
        func remove(_ caller: Caller) -> RemovePhysicalKey { RemovePhysicalKey(user: user, number: KeyNumber(number: 1), caller: caller) }
        Given<UserAccount>(created, .physicalKeyAdded(held)).when(remove(foreign)).thenRefused(.noSuchKey)
        for caller in [acme, .key(org: "ops", isSuper: true), .user("u", email: nil)] {
            Given<UserAccount>(created, .physicalKeyAdded(held)).when(remove(caller), at: now).then(.physicalKeyRemoved(held, at: now))
        }
        Given<UserAccount>(created, .physicalKeyAdded(held), .physicalKeyRemoved(held, at: now)).when(
            AddPhysicalKey(user: user, org: "acme", orgName: nil, note: nil), at: now
        )
        .then(.physicalKeyAdded(PhysicalKey(number: 2, org: "acme", addedAt: now)))
    }

    @Test func `a plate is registered once, in whatever style`() {
        let plate = LicensePlate(plate: "ABC1234", label: "van", addedAt: now),
            add = AddLicensePlate(user: user, plate: "ABC1234", label: "van")
        Given<UserAccount>(created).when(add, at: now).then(.plateAdded(plate))
        Given<UserAccount>(created, .plateAdded(plate)).when(add).thenRefused(.listedAlready)
        Given<UserAccount>(created, .plateAdded(plate)).when(RemoveLicensePlate(user: user, plate: "ABC1234")).then(
            .plateRemoved("ABC1234"))
        Given<UserAccount>(created).when(RemoveLicensePlate(user: user, plate: "ABC1234")).thenRefused(.notListed)
    }

    @Test(arguments: [
        (" abc-12 34 ", "ABC1234", "ABC1234"), ("\u{3A5}\u{396}\u{392} 4711", "\u{3A5}\u{396}\u{392}4711", "YZB4711"),
        ("\u{3B9}\u{3C7}\u{3B1}·1", "\u{399}\u{3A7}\u{391}·1", "IXA1"),
        ("\u{FF21}\u{FF22}\u{FF0D}\u{FF11}", "AB1", "AB1"), ("A\u{200B}B\u{202A}\u{2011}1", "AB1", "AB1"), ("ß1", "SS1", "SS1"),
    ])
    func `a plate is shown as it was given and matched by what a camera reads`(raw: String, shown: String, folded: String) {
        let plate = PlateText(normalising: raw)
        #expect(plate?.text == shown && plate?.folded == folded)
        #expect(plate == PlateText(normalising: folded), "one plate in either alphabet")
    }

    @Test(arguments: ["", " ", "- -", "·"]) func `a plate needs characters`(raw: String) { #expect(PlateText(normalising: raw) == nil) }

    @Test func `a device is linked once`() {
        let device = LinkedDevice(id: "d", kind: .camera, org: "acme", name: "Yard", addedBy: nil, addedAt: now)
        let add = AddDevice(user: user, device: "d", kind: .camera, org: "acme", name: "Yard", addedBy: nil),
            remove = RemoveDevice(user: user, device: "d", removedBy: "Ann", reason: "sold")
        Given<UserAccount>(created).when(add, at: now).then(.deviceAdded(device))
        Given<UserAccount>(created, .deviceAdded(device)).when(add).thenRefused(.linkedAlready)
        Given<UserAccount>(created, .deviceAdded(device)).when(remove, at: now).then(
            .deviceRemoved(device, by: "Ann", reason: "sold", at: now))
        Given<UserAccount>(created).when(remove).thenRefused(.notLinked)
    }

    @Test func `entries of a tenant are told to that tenant`() {
        let account = UserAccount(), device = LinkedDevice(id: "d", kind: .camera, org: "other", addedAt: now)
        #expect(account.audience(of: .deviceAdded(device), before: account) == ["other"])
        #expect(
            account.audience(of: .physicalKeyRemoved(PhysicalKey(number: 1, org: "x", addedAt: now), at: now), before: account) == ["x"])
    }
}

@Suite struct LeaseRegistryTests {
    let user: UserID = "u", now = Timestamp(milliseconds: 50), staff = Caller.staff(email: "s@x")
    let created = UserAccount.Event.created("u", org: "acme")

    @Test func `a user is suspended and reactivated once`() {
        let suspend = SuspendUser(user: user, reason: "fraud", caller: staff), reactivate = ReactivateUser(user: user, caller: staff)
        let suspended = UserAccount.Event.suspended(by: "staff", reason: "fraud", at: now)
        Given<UserAccount>(created).when(suspend, at: now).then(suspended)
        Given<UserAccount>(created, suspended).when(suspend, at: now).then()
        Given<UserAccount>(created, suspended).when(reactivate, at: now).then(.reactivated(by: "staff", at: now))
        Given<UserAccount>(created).when(reactivate, at: now).then()
        Given<UserAccount>(created, suspended).then { $0.isSuspendedEverywhere }
        Given<UserAccount>(created, suspended, .reactivated(by: "staff", at: now)).then { $0.status == .active }
    }

    @Test func `events of contact data carry masks only`() throws {
        let email = try #require(EmailAddress(normalising: "Ann@example.com")),
            phone = try #require(PhoneNumber(normalising: "+306912345678"))
        let update = UpdateEmail(user: user, email: email)
        func facts(_ caller: Caller, hasOne: Bool = false, isSomebody: Bool = false) -> UpdateEmail.Facts {
            UpdateEmail.Facts(hasOne: hasOne, isSomebody: isSomebody, caller: caller)
        }
        let told = UserAccount.Event.emailUpdated(masked: "a***@example.com"), own = Caller.user(user, email: "ann@example.com")
        Given<UserAccount>(created).when(update, facts(own)).then(told)
        Given<UserAccount>(created).when(update, facts(.user(user, email: nil))).then()
        Given<UserAccount>(created).when(update, facts(own, hasOne: true)).thenRefused(.hasOne)
        Given<UserAccount>(created).when(update, facts(.key(org: "acme", isSuper: false))).then(told)
        Given<UserAccount>(created).when(update, facts(.key(org: "acme", isSuper: false), isSomebody: true)).thenRefused(.isSomebody)
        Given<UserAccount>(created).when(update, facts(.key(org: "other", isSuper: false))).thenRefused(.isSomebody)
        Given<UserAccount>(created).when(update, facts(.key(org: "ops", isSuper: true), isSomebody: true)).then(told)
        let none = UpdatePhoneNumber.Facts(phone: nil), same = UpdatePhoneNumber.Facts(phone: phone.text)
        Given<UserAccount>(created).when(UpdatePhoneNumber(user: user, phone: Nullable(phone)), none).then(.phoneUpdated(masked: "***5678"))
        Given<UserAccount>(created).when(UpdatePhoneNumber(user: user, phone: Nullable(phone)), same).then()
        Given<UserAccount>(created).when(UpdatePhoneNumber(user: user, phone: Nullable(nil)), same).then(.phoneUpdated(masked: nil))
    }

    @Test func `a profile update tells which names changed`() {
        let names = UpdateProfile.Facts(firstName: "Anna", lastName: "Li")
        Given<UserAccount>(created).when(UpdateProfile(user: user, firstName: "Anna", lastName: nil), names).then()
        Given<UserAccount>(created).when(UpdateProfile(user: user, firstName: "Ann", lastName: nil), names).then(
            .profileUpdated([.firstName]))
        Given<UserAccount>(created).when(UpdateProfile(user: user, firstName: nil, lastName: "Lee"), names).then(
            .profileUpdated([.lastName]))
        Given<UserAccount>(created).when(UpdateProfile(user: user, firstName: nil, lastName: nil), names).thenRefused(.nothingGiven)
    }

    @Test(arguments: [
        (Caller.staff(email: "s@x"), true), (.key(org: "acme", isSuper: false), true), (.user("u", email: nil), false), (.anonymous, false),
    ])
    func `people do not suspend, not even themselves`(caller: Caller, isAllowed: Bool) {
        let request = SuspendUser(user: user, reason: "x", caller: caller)
        #expect(Rule<SuspendUser, UserAccount>.staffOrTenant.permits(request, UserAccount(), caller) == isAllowed)
    }

    @Test(arguments: [(1, nil, true), (nil, 100, true), (51, nil, false), (nil, 50, false), (nil, 51, true)] as [(Int64?, Int64?, Bool)])
    func `an entry of the app's list counts within its window`(from: Int64?, until: Int64?, isCurrent: Bool) {
        let entry = AccessibleLock(
            id: "1", name: "n", level: .user, grantedBy: "g", validFrom: from.map { Timestamp(milliseconds: $0) },
            validUntil: until.map { Timestamp(milliseconds: $0) })
        #expect(entry.isCurrent(at: now) == isCurrent)
    }

    @Test(
        arguments: [
            (nil, "s", Caller.anonymous, false), ("s", "s", .anonymous, true), ("t", "s", .anonymous, false),
            (nil, "s", .key(org: "ops", isSuper: true), true),
            (nil, nil, .anonymous, true), ("x", nil, .anonymous, false), (nil, "s", .key(org: "acme", isSuper: false), false),
        ] as [(String?, String?, Caller, Bool)])
    func `signing up needs the secret, a super key, or development`(given: String?, wanted: String?, caller: Caller, isAllowed: Bool) async
    {
        for isDevelopment in [true, false] {
            var settings = SettingValues(isDevelopment ? .dev : .prod)
            settings[IdentitySettings.signUpSecret] = wanted
            let services = FakeServices().services("identity", settings: settings),
                headers: Headers = given.map { ["x-webhook-secret": $0] } ?? [:]
            let request = Request(headers: headers, caller: caller, attempt: Attempt(now: now))
            let refused = RequestError.unauthenticated("The secret is missing or wrong.")
            // Those who may call hear next that the body lacks its envelope.
            let expected =
                isAllowed && (wanted != nil || isDevelopment) ? RequestError.problems([Problem("detail", "is missing")]) : refused
            await #expect(throws: expected) { _ = try await SignUp.operation.perform(request, services) }
        }
    }
}
