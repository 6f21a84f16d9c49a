import Kernel
import PartnersContracts
import Testing

@testable import Partners

@Suite struct DeliveryTests {
    func verdict(_ outcome: WebhookSending.Outcome, attempts: Int = 1, age: Duration = .zero) -> RetryPolicy.Verdict {
        RetryPolicy.verdict(outcome, attempts: attempts, age: age, jitter: 0)
    }

    @Test(arguments: [200, 201, 204, 299]) func `a success is the end`(status: Int) {
        #expect(verdict(.answered(status: status, retryAfter: nil)) == .delivered)
    }

    @Test(arguments: [408, 429, 500, 502, 503, 599])
    func `what may pass is tried again`(status: Int) {
        #expect(verdict(.answered(status: status, retryAfter: nil)) == .again(after: .seconds(1)))
    }

    @Test(arguments: [301, 302, 307, 400, 401, 404, 422])
    func `what will not pass is given up`(status: Int) {
        #expect(verdict(.answered(status: status, retryAfter: nil)) == .given(up: "status \(status)"))
    }

    @Test func `a receiver that is gone is disabled`() { #expect(verdict(.answered(status: 410, retryAfter: nil)) == .disable) }
    @Test func `a connection that fails is tried again`() { #expect(verdict(.failed(message: "reset")) == .again(after: .seconds(1))) }
    @Test func `a forbidden address is given up`() { #expect(verdict(.forbidden(message: "private")) == .given(up: "private")) }

    @Test func `the receiver may ask for more time, within an hour`() {
        #expect(verdict(.answered(status: 503, retryAfter: .seconds(40))) == .again(after: .seconds(40)))
        #expect(verdict(.answered(status: 503, retryAfter: .seconds(90_000))) == .again(after: .seconds(3_600)))
        #expect(verdict(.answered(status: 503, retryAfter: .zero)) == .again(after: .seconds(1)))
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (60, 300)])
    func `waiting doubles up to five minutes`(attempts: Int, seconds: Int) {
        #expect(RetryPolicy.backoff(attempts, 0) == .seconds(seconds))
    }

    @Test func `jitter shortens by a quarter at most`() { #expect(RetryPolicy.backoff(3, 1) == .seconds(3)) }

    @Test func `after a day it is over`() {
        #expect(
            verdict(.failed(message: "reset"), attempts: 100, age: RetryPolicy.window) == .given(up: "no success within 24 h; last: reset"))
    }

    @Test func `an endpoint that fails five times is spared, and comes back with one success`() {
        var breaker = Breaker()
        let now = Timestamp(milliseconds: 0)
        for _ in 0..<4 { breaker.note(success: false, at: now, jitter: 0) }
        #expect(breaker.admits(at: now))
        breaker.note(success: false, at: now, jitter: 0)
        #expect(!breaker.admits(at: now + .milliseconds(1_999)) && breaker.admits(at: now + .seconds(2)))
        breaker.note(success: true, at: now, jitter: 0)
        #expect(breaker == Breaker())
    }

    @Test func `the body is the contract's envelope`() {
        let envelope = Envelope(
            id: "e", source: "access", name: "KeyAdded", stream: StreamName("lock", "7"), subject: "uuid", version: 2,
            at: Timestamp(milliseconds: 1_755_680_400_123), audience: ["acme"], trace: Trace(correlation: "", causation: nil),
            data: ["keyUuid": "k"])
        #expect(
            PartnerEnvelope.body(envelope, for: "acme") == [
                "id": "e", "source": "spk.api", "detail-type": "KeyAdded", "time": "2025-08-20T09:00:00Z", "region": "eu-west-1",
                "account": "000000000000",
                "version": "0", "resources": [],
                "detail": [
                    "partnerId": "acme", "aggregateType": "lock", "aggregateId": "uuid", "version": 2, "timestamp": 1_755_680_400_123,
                    "data": ["type": "KeyAdded", "keyUuid": "k"],
                ],
            ])
    }

    @Test func `a shadow update is flat, its documents are text`() {
        let envelope = Envelope(
            id: "e", source: "devices", name: "Shadow Update", stream: StreamName("shadow", "t"), subject: "t", version: 0,
            at: Timestamp(milliseconds: 0),
            audience: ["acme"], trace: Trace(correlation: "", causation: nil),
            data: ["thing": "t", "version": 3, "reported": ["on": true], "delta": [:]])
        let body = PartnerEnvelope.body(envelope, for: "acme")
        #expect(body["source"] == "spk.iot.shadow")
        #expect(
            body["detail"] == [
                "partnerId": "acme", "thingName": "t", "version": 3, "desiredState": .null, "reportedState": #"{"on":true}"#,
                "deltaState": "{}", "metadata": .null,
            ])
    }

    @Test func `base64 is as the standard has it`() {
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")] {
            #expect(Base64.encode(Array(plain.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(plain.utf8))
        }
        #expect(Base64.decode("!") == nil)
        #expect(SigningSecret.key("whsec_Zm9v") == Array("foo".utf8) && SigningSecret.key("plain") == Array("plain".utf8))
    }
}
