import Foundation

/// The address of a broker: `mqtts://USER:PASSWORD@HOST:PORT`.
struct BrokerURL {
    let host: String
    let port: Int
    let user: String?
    let password: String?
    let isSecure: Bool

    init?(_ text: String) {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty, let scheme = url.scheme,
            ["mqtt", "mqtts"].contains(scheme)
        else { return nil }
        self.host = host
        isSecure = scheme == "mqtts"
        port = url.port ?? (isSecure ? 8_883 : 1_883)
        user = url.user
        password = url.password
    }
}
