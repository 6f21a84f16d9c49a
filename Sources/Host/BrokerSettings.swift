import Crypto
import Foundation
import Kernel
public import MQTT

extension Settings {
    /// Returns the broker that `SPKEY_MQTT_URL` and its files describe; nil when none is set.
    /// - Parameter clientID: stable, so that the broker keeps the session across restarts.
    public func broker(clientID: String, sessionExpiry: Duration = .zero) throws -> MQTTSettings? {
        guard let text = self[HostSettings.broker] else { return nil }
        guard let url = BrokerURL(text) else { throw ConfigurationError("SPKEY_MQTT_URL must be mqtt:// or mqtts:// with a host") }
        var settings = MQTTSettings(host: url.host, port: url.port, clientID: clientID)
        settings.user = url.user
        settings.password = url.password
        settings.isSecure = url.isSecure
        settings.authorityFile = self[HostSettings.brokerCA]
        settings.certificateFile = self[HostSettings.brokerCertificate]
        settings.keyFile = self[HostSettings.brokerKey]
        settings.sessionExpiry = sessionExpiry
        return settings
    }

    /// The same at every start, so that the broker keeps the session, and different for every installation on one broker.
    var deviceClientID: String {
        let digest = SHA256.hash(data: Data((self[HostSettings.database] + topicPrefix).utf8))
        return "spkey-devices-" + UUIDText(digest: digest).text.prefix(8)
    }

    public var topicPrefix: String { self[HostSettings.topicPrefix] }
}
