import AccessContracts
import DevicesContracts
import GuestPages
import HubBridge
import Kernel
import Logging
import PartnersContracts
import WebhookSender

/// The live sides of the ports that the modules of this process need.
struct LivePorts: Sendable {
    private(set) var ports = Ports()
    private(set) var link: HubLink?

    init(_ settings: Settings, modules: [String], log: Logger) async throws {
        if modules.contains("access") { ports.plug(GuestPages.live) }
        if modules.contains("devices") {
            let link = try Self.hubLink(settings, log)
            ports.plug(link)
            self.link = link
        }
        if modules.contains("partners") {
            ports.plug(WebhookSender.live(allowsPrivate: settings.flag("SPKEY_WEBHOOK_ALLOW_PRIVATE", inDevelopment: true), clock: System.clock))
        }
    }

    private static func hubLink(_ settings: Settings, _ log: Logger) throws -> HubLink {
        guard let broker = try settings.broker(clientID: settings.deviceClientID, sessionExpiry: .seconds(3_600)) else {
            log.notice("No broker is set: devices are simulated inside the process")
            return InProcessLink(clock: System.clock).port
        }
        return MQTTLink(broker, topicPrefix: settings.topicPrefix) { [crashes = settings.crashes] in crashes.reach(.afterPublish, in: "devices") }.port
    }
}

extension Log {
    init(_ log: Logger, module: String) {
        self.init { level, message, metadata in
            let all = Logger.Metadata(uniqueKeysWithValues: metadata.map { ($0.key, .string($0.value)) }).merging(["module": "\(module)"]) { $1 }
            let severity: Logger.Level =
                switch level {
                case .debug: .debug
                case .info: .info
                case .notice: .notice
                case .warning: .warning
                case .error: .error
                }
            log.log(level: severity, "\(message)", metadata: all)
        }
    }
}
