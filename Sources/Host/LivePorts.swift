import AccessContracts
import Application
import DevicesContracts
import GuestPages
import HubBridge
import Kernel
import Logging
import MQTT
import OpenIDConnect
import PartnersContracts
import PortalPages
import ThreeDEyeClient
import VideoContracts
import WalletLinks
import WebhookSender

/// The live implementations of the modules' ports.
enum LivePorts {
    /// Returns the ports that the modules of this process need.
    /// - Throws: `ConfigurationError` when a required one is missing.
    static func plugged(for modules: [Module], _ settings: Settings, log: Logger) throws -> Ports {
        let needed = Set(modules.flatMap(\.ports).map(\.title))
        var ports = Ports(GuestPages.live, WalletLinks.live, PortalPages.live)
        if needed.contains(HubLink.title) { ports.plug(try hubLink(settings, log)) }
        if needed.contains(BrokerAccess.title), let access = try brokerAccess(settings) { ports.plug(access) }
        if needed.contains(WebhookSending.title) { ports.plug(WebhookSender.live(settings.values, clock: Clocks.wall)) }
        if needed.contains(SignIn.title), let signIn = try signIn(settings) { ports.plug(signIn) }
        if needed.contains(ThreeDEye.title), let remote = try threeDEye(settings) { ports.plug(remote) }
        let missing = ports.missing(of: modules.flatMap(\.ports))
        guard missing.isEmpty else { throw ConfigurationError("nothing is plugged in as " + missing.joined(separator: ", ")) }
        return ports
    }

    private static func signIn(_ settings: Settings) throws -> SignIn? {
        do {
            return try OpenIDConnect(settings.values, digest: try CryptoVault(settings).port.sha256, clock: Clocks.wall)?.port
        } catch let missing as OpenIDConnect.MissingSettings {
            throw ConfigurationError(missing.description)
        }
    }

    private static func threeDEye(_ settings: Settings) throws -> ThreeDEye? {
        do { return try ThreeDEyeClient.port(settings.values, clock: Clocks.wall) } catch let missing as ThreeDEyeClient.MissingSettings {
            throw ConfigurationError(missing.description)
        }
    }

    private static func brokerAccess(_ settings: Settings) throws -> BrokerAccess? {
        guard settings[HostSettings.brokerClients] == .dynamicSecurity else { return nil }
        guard let broker = try settings.broker(clientID: settings.deviceClientID) else {
            throw ConfigurationError("SPKEY_BROKER_ACCESS needs SPKEY_MQTT_URL with the user that may change the broker's list of clients")
        }
        let own = "\(broker.isSecure ? "mqtts" : "mqtt")://\(broker.host):\(broker.port)"
        return DynamicSecurity(broker, topicPrefix: settings.topicPrefix).port(
            address: settings[HostSettings.brokerForHubs] ?? own, authority: try broker.authorityFile.map(Files.text))
    }

    private static func hubLink(_ settings: Settings, _ log: Logger) throws -> HubLink {
        guard let broker = try settings.broker(clientID: settings.deviceClientID, sessionExpiry: .seconds(3_600)) else {
            log.notice("No broker is set: devices are simulated inside the process")
            return InProcessLink(clock: Clocks.wall).port
        }
        return MQTTLink(broker, topicPrefix: settings.topicPrefix) { [crashes = settings.crashes] in
            crashes.reach(.afterPublish, in: "devices")
        }.port
    }
}
