import HTTPClient
public import Kernel
public import PartnersContracts

/// Sends webhooks over HTTP.
public enum WebhookSender {
    static let allowsPrivate = Setting.flag(
        "SPKEY_WEBHOOK_ALLOW_PRIVATE", "Whether webhooks may lead to private and loopback addresses.", inDevelopment: true
    ).checked { isAllowed, environment in
        isAllowed && environment == .prod ? "must not be true in prod: webhooks would reach into the private network" : nil
    }
    public static let settings = [allowsPrivate.any]

    public static func live(_ settings: SettingValues, clock: @escaping @Sendable () -> Timestamp) -> WebhookSending {
        let client = HTTPClient(publicOnly: !settings[allowsPrivate])
        return WebhookSending { request in
            do {
                let response = try await client.send(
                    OutgoingRequest(
                        "POST", request.url, headers: request.headers, body: request.body, deadline: .seconds(5), wantsBody: false))
                return .answered(
                    status: response.status, retryAfter: response.headers["retry-after"].flatMap { retryAfter($0, at: clock()) })
            } catch OutgoingFailure.forbiddenAddress {
                return .forbidden(message: "the address is private or reserved")
            } catch OutgoingFailure.timedOut {
                return .failed(message: "no answer within 5 s")
            } catch {
                return .failed(message: "\(error)")
            }
        }
    }

    /// Reads `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
    static func retryAfter(_ text: String, at now: Timestamp) -> Duration? {
        if let seconds = Int(text) { return .seconds(max(0, seconds)) }
        return HTTPDate.read(text).map { max(.zero, $0.since(now)) }
    }
}

/// The preferred form of a date in HTTP: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func read(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else { return nil }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp(iso: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }
}
