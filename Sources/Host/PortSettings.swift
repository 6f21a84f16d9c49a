import Application
import Kernel
import WebhookSender

/// The settings that the live implementations of ports read.
enum PortSettings {
    static let all: [AnySetting] = WebhookSender.settings
}
