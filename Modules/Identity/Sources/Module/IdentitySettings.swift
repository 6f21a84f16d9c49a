import Kernel

enum IdentitySettings {
    static let signUpSecret = Setting.secret(
        "SPKEY_AUTH0_WEBHOOK_SECRET", "What the identity provider shows when it calls POST /users.", atLeast: 16)

    static let all = [signUpSecret.any]
}
