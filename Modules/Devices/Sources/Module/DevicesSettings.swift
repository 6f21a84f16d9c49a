import Kernel

enum DevicesSettings {
    static let shadowSecret = Setting.secret(
        "SPKEY_SHADOW_WEBHOOK_SECRET", "What another shadow service shows when it calls POST /admin/shadow-webhook.", atLeast: 16)

    static let batteryThreshold = Setting.number(
        "SPKEY_BATTERY_LOW_PERCENT", "Below this a device's battery is told to be low.", default: 20, in: 1...90)
    static let offlineGrace = Setting.number(
        "SPKEY_OFFLINE_GRACE_SECONDS", "How long a device must be away before its tenant is told.", default: 60, in: 0...86_400)

    static let doorHeldOpen = Setting.number(
        "SPKEY_DOOR_HELD_OPEN_SECONDS", "How long a door may be open before its tenant is told; 0 tells nobody.", default: 120,
        in: 0...86_400)

    static let all = [shadowSecret.any, batteryThreshold.any, offlineGrace.any, doorHeldOpen.any]
}
