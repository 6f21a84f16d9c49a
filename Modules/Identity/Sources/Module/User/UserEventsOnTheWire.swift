import Kernel

/// The events of a user in the contract's shapes.
extension UserAccount {
    static func wire(_ event: Event, in state: UserAccount, at now: Moment) -> WireEvent {
        WireEvent(event.name, (["userId": state.id.json] as JSON.Object).merging(event.data(at: now)))
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = EventData(stored.wire.data)
        switch stored.wire.type {
        case "UserCreated": return .created(UserID(data.text("userId")), org: stored.org)
        case "UserEmailUpdated": return .emailUpdated(masked: data["maskedEmail"]?.text)
        case "UserPhoneNumberUpdated": return .phoneUpdated(masked: data["maskedPhoneNumber"]?.text)
        case "ProfileUpdated": return .profileUpdated(ProfileField.allCases.filter { data["changes"]?[$0.rawValue] != nil })
        case "UserSuspended": return .suspended(by: data.text("suspendedBy"), reason: data.text("reason"), at: data.moment("suspendedAt"))
        case "UserReactivated": return .reactivated(by: data.text("reactivatedBy"), at: data.moment("reactivatedAt"))
        case "UserErased": return .erased(by: data.text("erasedBy"), at: data.moment("erasedAt"))
        case "AccessibleLockAdded": return data.accessibleLock.map(Event.accessibleLockAdded)
        case "AccessibleLockRemoved":
            return .accessibleLockRemoved(AccessibleLock.ID(data.text("lockId")), by: data.text("removedBy"), reason: data.text("reason"), at: data.moment("removedAt"))
        case "WalletKeyPrepared": return data.walletKey(at: stored.at).map(Event.walletKeyPrepared)
        case "WalletKeyCommitted":
            return .walletKeyCommitted(WalletKey.ID(data.text("keyId")), Pass(id: data.text("passId"), url: data.text("passUrl")), at: data.moment("committedAt"))
        case "WalletKeyRolledBack":
            return .walletKeyRolledBack(WalletKey.ID(data.text("preparedKeyId")), reason: data.text("reason"), at: data.moment("rolledBackAt"))
        case "WalletKeyRemoved": return .walletKeyRemoved(WalletKey.ID(data.text("keyId")), reason: data.text("reason"), at: data.moment("removedAt"))
        case "WalletKeyAdded":
            let inner = EventData(data["walletKey"]?.members ?? [:])
            return inner.walletKey(at: inner.moment("addedAt")).map(Event.walletKeyAdded)
        case "PhysicalKeyAdded": return .physicalKeyAdded(data.physicalKey(at: "addedAt"))
        case "PhysicalKeyRemoved":
            return .physicalKeyRemoved(
                PhysicalKey(number: data.int("number"), org: stored.org ?? "", addedAt: data.milliseconds("removedAt")), at: data.milliseconds("removedAt"))
        case "LicensePlateAdded": return .plateAdded(LicensePlate(plate: PlateText(data.text("plate")), label: data.text("label"), addedAt: data.milliseconds("addedAt")))
        case "LicensePlateRemoved": return .plateRemoved(PlateText(data.text("plate")))
        case "DeviceAdded": return data.device(at: data.moment("addedAt"), org: OrgID(data.text("orgId"))).map(Event.deviceAdded)
        case "DeviceRemoved":
            return data.device(at: data.moment("removedAt"), org: stored.org ?? "").map {
                .deviceRemoved($0, by: data.text("removedBy"), reason: data.text("reason"), at: data.moment("removedAt"))
            }
        default: return nil
        }
    }
}

extension UserAccount.Event {
    var name: String {
        switch self {
        case .created: "UserCreated"
        case .emailUpdated: "UserEmailUpdated"
        case .phoneUpdated: "UserPhoneNumberUpdated"
        case .profileUpdated: "ProfileUpdated"
        case .suspended: "UserSuspended"
        case .reactivated: "UserReactivated"
        case .erased: "UserErased"
        case .accessibleLockAdded: "AccessibleLockAdded"
        case .accessibleLockRemoved: "AccessibleLockRemoved"
        case .walletKeyPrepared: "WalletKeyPrepared"
        case .walletKeyCommitted: "WalletKeyCommitted"
        case .walletKeyRolledBack: "WalletKeyRolledBack"
        case .walletKeyRemoved: "WalletKeyRemoved"
        case .walletKeyAdded: "WalletKeyAdded"
        case .physicalKeyAdded: "PhysicalKeyAdded"
        case .physicalKeyRemoved: "PhysicalKeyRemoved"
        case .plateAdded: "LicensePlateAdded"
        case .plateRemoved: "LicensePlateRemoved"
        case .deviceAdded: "DeviceAdded"
        case .deviceRemoved: "DeviceRemoved"
        }
    }

    fileprivate func data(at now: Moment) -> JSON.Object {
        switch self {
        case .created: ["status": "ACTIVE"]
        case .emailUpdated(let masked): ["action": masked == nil ? "removed" : "set", "maskedEmail": masked?.json, "timestamp": now.json]
        case .phoneUpdated(let masked): ["action": masked == nil ? "removed" : "set", "maskedPhoneNumber": masked?.json, "timestamp": now.json]
        case .profileUpdated(let fields):
            // The shape wants values; only the names of what changed are told.
            ["changes": .object(JSON.Object(fields.map { ($0.rawValue, ["old": "***", "new": "***"]) }))]
        case .suspended(let by, let reason, let at): ["reason": .string(reason), "suspendedBy": .string(by), "suspendedAt": at.json]
        case .reactivated(let by, let at): ["reactivatedBy": .string(by), "reactivatedAt": at.json]
        case .erased(let by, let at): ["erasedBy": .string(by), "erasedAt": at.json]
        case .accessibleLockAdded(let lock):
            [
                "lockId": lock.id.json, "lockName": .string(lock.name), "accessLevel": lock.level.json, "grantedBy": .string(lock.grantedBy),
                "validFrom": lock.validFrom?.json, "validUntil": lock.validUntil?.json,
            ]
        case .accessibleLockRemoved(let lock, let by, let reason, let at):
            ["lockId": lock.json, "removedBy": .string(by), "reason": .string(reason), "removedAt": at.json]
        case .walletKeyPrepared(let key): ["keyId": key.id.json, "walletType": key.kind.json, "keyIndex": JSON(shortest: key.index), "deviceId": key.device?.json]
        case .walletKeyCommitted(let id, let pass, let at):
            ["keyId": id.json, "passId": .string(pass.id), "passUrl": .string(pass.url), "committedAt": at.json]
        case .walletKeyRolledBack(let id, let reason, let at): ["preparedKeyId": id.json, "reason": .string(reason), "rolledBackAt": at.json]
        case .walletKeyRemoved(let id, let reason, let at): ["keyId": id.json, "reason": .string(reason), "removedAt": at.json]
        case .walletKeyAdded(let key): ["walletKey": key.json]
        case .physicalKeyAdded(let key): key.data
        case .physicalKeyRemoved(let key, let at): ["number": key.number.json, "removedAt": .int(at.milliseconds)]
        case .plateAdded(let plate): plate.data
        case .plateRemoved(let plate): ["plate": plate.json]
        case .deviceAdded(let device): device.data
        case .deviceRemoved(let device, let by, let reason, let at):
            ["deviceId": device.id.json, "deviceType": device.kind.json, "removedBy": .string(by), "reason": .string(reason), "removedAt": at.json]
        }
    }
}

/// The data of a stored event, read member by member.
private struct EventData {
    let object: JSON.Object
    init(_ object: JSON.Object) { self.object = object }

    subscript(name: String) -> JSON? { object[name] }
    func text(_ name: String) -> String { object[name]?.text ?? "" }
    func int(_ name: String) -> Int { Int(object[name]?.integer ?? 0) }
    func moment(_ name: String) -> Moment { object[name]?.text.flatMap(Moment.init(iso:)) ?? Moment(milliseconds: 0) }
    func milliseconds(_ name: String) -> Moment { Moment(milliseconds: object[name]?.integer ?? 0) }

    var accessibleLock: AccessibleLock? {
        AccessibleLock.Level(rawValue: text("accessLevel")).map { level in
            AccessibleLock(
                id: AccessibleLock.ID(text("lockId")), name: text("lockName"), level: level, grantedBy: text("grantedBy"),
                validFrom: object["validFrom"]?.text.flatMap(Moment.init(iso:)), validUntil: object["validUntil"]?.text.flatMap(Moment.init(iso:)))
        }
    }

    func walletKey(at moment: Moment) -> WalletKey? {
        WalletKey.Kind(rawValue: text("walletType")).map { kind in
            WalletKey(
                id: WalletKey.ID(text("keyId")), kind: kind, index: object["keyIndex"]?.number ?? 0, device: object["deviceId"]?.text.flatMap { $0.isEmpty ? nil : $0 },
                addedAt: moment)
        }
    }

    func physicalKey(at member: String) -> PhysicalKey {
        PhysicalKey(
            number: int("number"), org: OrgID(text("orgId")), orgName: object["orgName"]?.text, note: object["note"]?.text, addedAt: milliseconds(member))
    }

    func device(at moment: Moment, org: OrgID) -> LinkedDevice? {
        LinkedDevice.Kind(rawValue: text("deviceType")).map { kind in
            LinkedDevice(
                id: LinkedDevice.ID(text("deviceId")), kind: kind, org: org, name: object["name"]?.text, addedBy: object["addedBy"]?.text, addedAt: moment)
        }
    }
}
