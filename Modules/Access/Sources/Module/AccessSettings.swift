import Kernel

enum AccessSettings {
    static let allowsAnonymousResidents = Setting.flag(
        "SPKEY_ANONYMOUS_RESIDENTS", "Whether everybody may list the residents of a lock, for panels at doors that send no credentials.",
        inDevelopment: true)
    static let hasPins = Setting.flag("SPKEY_PIN_ACCESS", "Whether PINs open doors.", inDevelopment: true)

    static let all = [allowsAnonymousResidents.any, hasPins.any]
}
