import Kernel

/// The events of a lock in the contract's shapes. Every one carries the lock, its uuid and the time.
extension Lock {
    static func wire(_ event: Event, in state: Lock, at now: Moment) -> WireEvent {
        WireEvent(event.name, event.base(in: state, at: now).merging(event.own))
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data
        func text(_ name: String) -> String { data[name]?.text ?? "" }
        func key() -> Key.ID { Key.ID(text("keyUuid")) }
        func index() -> Int? { data["keyIndexNumber"]?.integer.map(Int.init) }
        switch stored.wire.type {
        case "LockCreated": return .created(Installation(data, org: stored.org))
        case "OwnerSet": return .ownerSet(UserID(text("userId")))
        case "OrganizationSet": return .organizationSet(OrgID(text("orgId")))
        case "LockUuidChanged": return .uuidChanged(to: UUIDText(text("newUuid")), from: UUIDText(text("previousUuid")))
        case "KeyAdded": return .keyAdded(Key(id: key(), index: index(), user: data["userId"]?.text.map { UserID($0) }))
        case "KeyRemoved": return .keyRemoved(key(), index: index())
        case "KeyWriteRequested": return .keyWriteRequested(key(), index: index())
        case "LockOpenRequested": return .openRequested(reason: data["reason"]?.text, request: data["requestId"]?.text)
        case "ResidentAdded": return .residentAdded(Resident(user: UserID(text("userId")), name: text("name"), email: data["email"]?.text))
        case "ResidentRemoved": return .residentRemoved(UserID(text("userId")), email: data["email"]?.text)
        case "TempKeyCreated": return TempKeyNotice(data).map(Event.tempKeyCreated)
        case "TempKeyUsed":
            let use = TempKeyUse(key: TempKey.ID(text("tempKeyUuid")), user: data["userId"]?.text.map { UserID($0) }, count: Int(data["usedCount"]?.integer ?? 0))
            return .tempKeyUsed(use)
        case "TempKeyUpdated": return .tempKeyUpdated(TempKey.ID(text("tempKeyUuid")), TempKeyChanges(data["changes"]?.members ?? [:]), by: text("updatedBy"))
        case "TempKeyDeleted": return .tempKeyDeleted(TempKey.ID(text("tempKeyUuid")), by: text("deletedBy"))
        default: return nil
        }
    }
}

extension Lock.Event {
    var name: String {
        switch self {
        case .created: "LockCreated"
        case .ownerSet: "OwnerSet"
        case .organizationSet: "OrganizationSet"
        case .uuidChanged: "LockUuidChanged"
        case .keyAdded: "KeyAdded"
        case .keyRemoved: "KeyRemoved"
        case .keyWriteRequested: "KeyWriteRequested"
        case .openRequested: "LockOpenRequested"
        case .residentAdded: "ResidentAdded"
        case .residentRemoved: "ResidentRemoved"
        case .tempKeyCreated: "TempKeyCreated"
        case .tempKeyUsed: "TempKeyUsed"
        case .tempKeyUpdated: "TempKeyUpdated"
        case .tempKeyDeleted: "TempKeyDeleted"
        }
    }

    /// Events of temporary keys name the lock's uuid in another way than the rest.
    fileprivate func base(in lock: Lock, at now: Moment) -> JSON.Object {
        let uuid = lock.uuid.json, number = JSON.int(Int64(lock.number)), time = JSON.string(now.iso)
        return switch self {
        case .tempKeyCreated, .tempKeyUsed, .tempKeyUpdated, .tempKeyDeleted: ["lockId": number, "lockUuid": uuid, "timestamp": time]
        default: ["lockId": number, "uuid": uuid, "timestamp": time]
        }
    }

    fileprivate var own: JSON.Object {
        switch self {
        case .created(let installation): installation.data
        case .ownerSet(let user): ["userId": user.json]
        case .organizationSet(let org): ["orgId": org.json]
        case .uuidChanged(let new, let old): ["newUuid": new.json, "previousUuid": old.json]
        case .keyAdded(let key): ["keyUuid": key.id.json, "keyIndexNumber": key.index?.json, "userId": key.user?.json]
        case .keyRemoved(let key, let index), .keyWriteRequested(let key, let index):
            ["keyUuid": key.json, "keyIndexNumber": index?.json]
        case .openRequested(let reason, let request): ["reason": reason?.json, "requestId": request?.json]
        case .residentAdded(let resident): resident.json.members ?? [:]
        case .residentRemoved(let user, let email): ["userId": user.json, "email": email?.json]
        case .tempKeyCreated(let notice): notice.data
        case .tempKeyUsed(let use): ["tempKeyUuid": use.key.json, "userId": use.user?.json, "usedCount": use.count.json]
        case .tempKeyUpdated(let key, let changes, let by): ["tempKeyUuid": key.json, "changes": .object(changes.data), "updatedBy": .string(by)]
        case .tempKeyDeleted(let key, let by): ["tempKeyUuid": key.json, "deletedBy": .string(by)]
        }
    }
}

extension Installation {
    fileprivate var data: JSON.Object {
        [
            "serialNumber": serialNumber?.json, "keys": keys.isEmpty ? nil : keys.json, "ownerId": owner?.json, "thingName": uuid.json,
        ]
    }

    fileprivate init(_ data: JSON.Object, org: OrgID?) {
        var reading = Reading()
        self.init(
            lock: LockID(Int(data["lockId"]?.integer ?? 0)), uuid: UUIDText(data["uuid"]?.text ?? ""),
            serialNumber: data["serialNumber"]?.text.map { SerialNumber($0) }, owner: data["ownerId"]?.text.map { UserID($0) },
            org: org, keys: data["keys"].flatMap { [Key].read($0, at: "keys", &reading) } ?? [])
    }
}
