import Application
import Kernel
import OpenIDConnect
import ThreeDEyeClient
import WebhookSender

/// The settings that the live implementations of ports read.
enum PortSettings {
    static let all: [AnySetting] = WebhookSender.settings + OpenIDConnect.settings + ThreeDEyeClient.settings
}
