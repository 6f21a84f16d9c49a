import Crypto
import Foundation
import Kernel
public import MQTT

extension Settings {
    /// The broker as `SPKEY_MQTT_URL` and its files name it; nil when none is set.
    /// - Parameter clientID: stable, so that the broker keeps the session over a restart.
    public func broker(clientID: String, sessionExpiry: Duration = .zero) throws -> MQTTSettings? {
        guard let text = self["SPKEY_MQTT_URL"] else { return nil }
        guard let url = URLComponents(string: text), let host = url.host, let scheme = url.scheme, ["mqtt", "mqtts"].contains(scheme) else {
            throw Mistake(description: "SPKEY_MQTT_URL must be mqtt:// or mqtts:// with a host")
        }
        var settings = MQTTSettings(host: host, port: url.port ?? (scheme == "mqtts" ? 8883 : 1883), clientID: clientID)
        (settings.user, settings.password, settings.isSecure) = (url.user, url.password, scheme == "mqtts")
        (settings.authorityFile, settings.certificateFile, settings.keyFile) = (self["SPKEY_MQTT_CA"], self["SPKEY_MQTT_CERT"], self["SPKEY_MQTT_KEY"])
        settings.sessionExpiry = sessionExpiry
        return settings
    }

    /// The same at every start, so that the broker keeps the session, and another for every installation on one broker.
    var deviceClientID: String {
        let digest = SHA256.hash(data: Data((text("SPKEY_DATABASE_URL") + topicPrefix).utf8))
        return "spkey-devices-" + UUIDText(digest: digest).text.prefix(8)
    }

    public var topicPrefix: String { text("SPKEY_TOPIC_PREFIX") }
}
