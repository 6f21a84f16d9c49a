import Application
import Kernel
import KernelTesting
import PartnersContracts
import Testing

@testable import Partners

@Suite struct TenantTests {
    let registered = Tenant.Event.registered(name: "Acme", ownerEmail: "o@acme.example")
    let now = Timestamp(milliseconds: 1_000)

    func face(until: Timestamp? = nil) -> ApiKeyPreview {
        ApiKeyPreview(prefix: "abcdefgh", suffix: "wxyz", createdAt: now, createdBy: "staff", expiresAt: until)
    }
    let key = NewKey(text: "abcdefghwxyz", digest: [7])
    func issue(replaces: Bool = false, until: Timestamp? = nil) -> IssueApiKey {
        IssueApiKey(org: "acme", expiresAt: until, replaces: replaces, creator: "staff")
    }

    func add() -> AddWebhook {
        AddWebhook(org: "acme", webhook: "w", url: "https://a.example/h", events: .all, secret: nil, auth: nil)
    }
    let secrets = AddWebhook.Facts(generated: "g", sealedSecret: "s", sealedAuth: nil)

    func webhook(_ url: WebhookURL = "https://a.example/h", _ status: Webhook.Status = .active) -> Webhook {
        Webhook(id: "w", url: url, events: ["*"], status: status, sealedSecret: "s", createdAt: now, updatedAt: now)
    }

    @Test func `a tenant registers once`() {
        let register = RegisterTenant(org: "acme", name: "Acme", ownerEmail: "o@acme.example")
        Given<Tenant>().when(register).then(registered)
        Given<Tenant>(registered).when(register).then()
        Given<Tenant>(registered).when(RegisterTenant(org: "acme", name: "Other", ownerEmail: "o@acme.example")).thenRefused(
            .registeredOtherwise)
    }

    @Test func `a key needs a registered tenant`() { Given<Tenant>().when(issue(), key).thenRefused(.notRegistered) }
    @Test func `a tenant has one active key`() {
        Given<Tenant>(registered, .keyIssued(face())).when(issue(), key, at: now).thenRefused(.hasActiveKey)
    }
    @Test func `an expired key counts as none`() {
        Given<Tenant>(registered, .keyIssued(face(until: Timestamp(milliseconds: 999)))).when(issue(), key, at: now).then(
            .keyIssued(face()))
    }
    @Test func `only an active key is rotated`() {
        Given<Tenant>(registered).when(issue(replaces: true), key, at: now).thenRefused(.nothingToRotate)
        Given<Tenant>(registered, .keyIssued(face())).when(issue(replaces: true), key, at: now).then(.keyIssued(face()))
    }
    @Test func `a key ends in the future`() { Given<Tenant>(registered).when(issue(until: now), key, at: now).thenRefused(.endsInThePast) }
    @Test func `only an active key is revoked`() {
        let revoke = RevokeApiKey(org: "acme", caller: .staff(email: "s@x"))
        Given<Tenant>(registered).when(revoke, at: now).thenRefused(.noActiveKey)
        Given<Tenant>(registered, .keyIssued(face())).when(revoke, at: now).then(.keyRevoked(by: "s@x"))
    }

    @Test func `webhooks are limited in number`() {
        Given<Tenant>(registered).when(add(), secrets, at: now).then(.webhookAdded(webhook()))
        var tenant = Tenant()
        for _ in 0..<AddWebhook.limit { tenant.apply(.webhookAdded(webhook())) }
        #expect(throws: AddWebhook.Refusal.tooMany) { try add().decide(tenant, secrets, at: now) }
    }

    @Test func `a new secret leaves the old one signing for a day`() throws {
        var changed = webhook()
        changed.sealedSecret = "t"
        changed.previousSecret = "s"
        changed.previousUntil = now + .seconds(86_400)
        changed.updatedAt = now
        Given<Tenant>(registered, .webhookAdded(webhook())).when(
            ChangeWebhook(org: "acme", webhook: "w", secret: "new"), .init(sealedSecret: "t"), at: now
        ).then(
            .webhookChanged(changed))
        let vault = FakeServices().services("partners").vault
        func signatures(at now: Timestamp) throws -> Int {
            let row = Row(
                columns: ["id", "webhook_id", "lane", "envelope", "body", "attempts", "queued_at", "claimed_until"],
                values: [.int(1), .text("w"), .text("l"), .text("e"), .text("{}"), .int(0), .int(1), .int(0)])
            let endpoint = Row(
                columns: ["url", "org_id", "sealed_secret", "sealed_auth", "previous_secret", "previous_until"],
                values: [.text("https://a.example/"), .text("acme"), .text("t"), .null, .text("s"), .int(86_401_000)])
            let headers = try Delivery(row, endpoint).request(vault, at: now).headers
            return headers.first { $0.name == "webhook-signature" }?.value.split(separator: " ").count ?? 0
        }
        #expect(try signatures(at: now) == 2)
        #expect(try signatures(at: Timestamp(milliseconds: 86_401_000)) == 1)
    }

    @Test func `a new address must be verified, other changes need not`() {
        var moved = webhook("https://b.example/h", .pending)
        moved.updatedAt = now
        Given<Tenant>(registered, .webhookAdded(webhook())).when(
            ChangeWebhook(org: "acme", webhook: "w", url: "https://b.example/h"), .init(), at: now
        )
        .then(.webhookChanged(moved))
        var filtered = webhook()
        filtered.events = ["KeyAdded"]
        Given<Tenant>(registered, .webhookAdded(webhook())).when(
            ChangeWebhook(org: "acme", webhook: "w", events: EventFilter(names: ["KeyAdded"])), .init(), at: now
        )
        .then(.webhookChanged(filtered))
        Given<Tenant>(registered, .webhookAdded(webhook())).when(
            ChangeWebhook(org: "acme", webhook: "w", url: "https://a.example/h"), .init(), at: now
        ).then()
        Given<Tenant>(registered).when(ChangeWebhook(org: "acme", webhook: "w"), .init(), at: now).thenRefused(.noSuchWebhook)
    }

    @Test func `a verification holds for the address it was made for`() {
        var active = webhook(.init("https://b.example/h"), .active)
        (active.updatedAt, active.verifiedAt) = (now, now)
        let pending = webhook("https://b.example/h", .pending)
        Given<Tenant>(registered, .webhookAdded(pending)).when(
            FinishVerification(org: "acme", webhook: "w", status: .active, url: "https://b.example/h"), at: now
        )
        .then(.webhookChanged(active))
        Given<Tenant>(registered, .webhookAdded(pending)).when(
            FinishVerification(org: "acme", webhook: "w", status: .active, url: "https://old.example/"), at: now
        ).then()
    }

    @Test func `only an existing webhook is removed`() {
        Given<Tenant>(registered, .webhookAdded(webhook())).when(RemoveWebhook(org: "acme", webhook: "w")).then(.webhookRemoved("w"))
        Given<Tenant>(registered).when(RemoveWebhook(org: "acme", webhook: "w")).thenRefused(.noSuchWebhook)
    }

    @Test func `events and states are read by every later build`() throws {
        try GoldenSamples.check(
            [
                registered, .keyIssued(face(until: Timestamp(milliseconds: 5_000))), .webhookAdded(webhook()),
                .webhookChanged(webhook("https://b.example/h", .pending)),
                .webhookRemoved("gone"), .keyRevoked(by: "staff"),
            ], of: Tenant.self)
    }

    @Test(arguments: [
        "", "nonsense", "ftp://x.example", "https://", "https://u:p@x.example", "https://x.example/a b", "https://[", "http:/x",
    ])
    func `addresses that are none are refused`(text: String) { #expect(WebhookURL.problem(with: text) != nil) }

    @Test(arguments: ["https://x.example", "http://127.0.0.1:18900/hook/1", "https://[2001:db8::1]:8443/x?y=z"])
    func `addresses that are some are taken`(text: String) { #expect(WebhookURL.problem(with: text) == nil) }

    @Test(arguments: [
        (Webhook.Status.active, ChangeWebhook.Switch.paused, Webhook.Status.paused), (.paused, .active, .active),
        (.failed, .active, .pending), (.disabled, .active, .pending),
    ])
    func `a webhook is paused and resumed; one that was given up is verified first`(
        before: Webhook.Status, turn: ChangeWebhook.Switch, after: Webhook.Status
    ) {
        var changed = webhook("https://a.example/h", after)
        changed.updatedAt = Timestamp(milliseconds: 2_000)
        Given<Tenant>(registered, .webhookAdded(webhook("https://a.example/h", before))).when(
            ChangeWebhook(org: "acme", webhook: "w", status: turn), ChangeWebhook.Facts(), at: Timestamp(milliseconds: 2_000)
        ).then(.webhookChanged(changed))
    }

    @Test func `a paused webhook stays so until it is resumed`() {
        let paused = webhook("https://a.example/h", .paused)
        for late in [Webhook.Status.active, .failed] {
            Given<Tenant>(registered, .webhookAdded(paused)).when(
                FinishVerification(org: "acme", webhook: "w", status: late, url: "https://a.example/h"), at: now
            ).then()
        }
        Given<Tenant>(registered, .webhookAdded(paused)).when(
            ChangeWebhook(org: "acme", webhook: "w", url: "https://b.example/h"), ChangeWebhook.Facts(), at: now
        ).thenRefused(.isPaused)
    }

    @Test(arguments: [Webhook.Status.pending, .failed, .disabled]) func `only what is sent can be paused`(status: Webhook.Status) {
        Given<Tenant>(registered, .webhookAdded(webhook("https://a.example/h", status))).when(
            ChangeWebhook(org: "acme", webhook: "w", status: .paused), ChangeWebhook.Facts(), at: now
        ).thenRefused(.isBeingVerified)
    }

    @Test func `a replaced secret signs for another day`() {
        var changed = webhook()
        changed.replaceSecret(by: "t", at: now)
        Given<Tenant>(registered, .webhookAdded(webhook())).when(
            RotateSecret(org: "acme", webhook: "w"), RotateSecret.Facts(secret: "plain", sealed: "t"), at: now
        ).then(.webhookChanged(changed))
        #expect(changed.previousSecret == "s" && changed.previousUntil == now + .seconds(86_400))
        Given<Tenant>(registered).when(
            RotateSecret(org: "acme", webhook: "w"), RotateSecret.Facts(secret: "plain", sealed: "t"), at: now
        ).thenRefused(.noSuchWebhook)
    }

    @Test func `only an active webhook is tested`() {
        let test = SendTest(org: "acme", webhook: "w"), facts = SendTest.Facts(envelope: "00000000-0000-4000-8000-000000000001")
        Given<Tenant>(registered, .webhookAdded(webhook())).when(test, facts, at: now).then()
        Given<Tenant>(registered, .webhookAdded(webhook("https://a.example/h", .paused))).when(test, facts, at: now).thenRefused(
            .isNotActive)
        Given<Tenant>(registered).when(test, facts, at: now).thenRefused(.noSuchWebhook)
    }
}
