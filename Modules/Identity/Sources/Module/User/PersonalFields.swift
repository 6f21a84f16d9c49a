import Kernel

extension UserAccount {
    /// What a user's log and state say about the person, besides ids: plates, free words, masked addresses, links of passes.
    static let personal = Personal(
        events: [
            "UserEmailUpdated": [PersonalField("maskedEmail")], "UserPhoneNumberUpdated": [PersonalField("maskedPhoneNumber")],
            "UserSuspended": [PersonalField("reason")], "AccessibleLockAdded": [PersonalField("lockName"), PersonalField("grantedBy")],
            "AccessibleLockRemoved": [PersonalField("reason")],
            "WalletKeyCommitted": [PersonalField("passUrl")], "WalletKeyRolledBack": [PersonalField("reason")], "WalletKeyRemoved": [PersonalField("reason")],
            "PhysicalKeyAdded": [PersonalField("note")], "LicensePlateAdded": [PersonalField("plate"), PersonalField("label")],
            "LicensePlateRemoved": [PersonalField("plate")], "DeviceAdded": [PersonalField("name"), PersonalField("addedBy")], "DeviceRemoved": [PersonalField("reason")],
        ],
        state: [
            PersonalField("plates[].plate"), PersonalField("plates[].label"), PersonalField("accessibleLocks[].name"), PersonalField("accessibleLocks[].grantedBy"),
            PersonalField("physicalKeys[].note"),
            PersonalField("devices[].name"), PersonalField("devices[].addedBy"), PersonalField("walletKey.pass.url"), PersonalField("digitalKeys[].pass.url"),
        ])
}
