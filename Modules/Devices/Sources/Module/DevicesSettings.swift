import Kernel

enum DevicesSettings {
    static let shadowSecret = Setting.secret(
        "SPKEY_SHADOW_WEBHOOK_SECRET", "What another shadow service shows when it calls POST /admin/shadow-webhook.", atLeast: 16)

    static let all = [shadowSecret.any]
}
