import Kernel

/// The events of a lock in the contract's shapes. Every one carries the lock, its uuid and the time.
extension Lock {
    static func wire(_ event: Event, in state: Lock, at now: Moment) -> WireEvent {
        let lock: JSON.Object = ["lockId": .int(Int64(state.number)), "uuid": state.uuid.json, "timestamp": .string(now.iso)]
        return WireEvent(event.name, lock.merging(event.own(in: state)))
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data
        func key() -> Key.ID { Key.ID(data["keyUuid"]?.text ?? "") }
        func index() -> Int? { data["keyIndexNumber"]?.integer.map(Int.init) }
        switch stored.wire.type {
        case "LockCreated": return .created(Installation(data, org: stored.org))
        case "OwnerSet": return .ownerSet(UserID(data["userId"]?.text ?? ""))
        case "OrganizationSet": return .organizationSet(OrgID(data["orgId"]?.text ?? ""))
        case "KeyAdded": return .keyAdded(Key(id: key(), index: index(), user: data["userId"]?.text.map { UserID($0) }))
        case "KeyRemoved": return .keyRemoved(key(), index: index())
        case "KeyWriteRequested": return .keyWriteRequested(key(), index: index())
        case "LockOpenRequested": return .openRequested(reason: data["reason"]?.text, request: data["requestId"]?.text)
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
        case .keyAdded: "KeyAdded"
        case .keyRemoved: "KeyRemoved"
        case .keyWriteRequested: "KeyWriteRequested"
        case .openRequested: "LockOpenRequested"
        }
    }

    fileprivate func own(in lock: Lock) -> JSON.Object {
        switch self {
        case .created(let installation): installation.data
        case .ownerSet(let user): ["userId": user.json]
        case .organizationSet(let org): ["orgId": org.json]
        case .keyAdded(let key): ["keyUuid": key.id.json, "keyIndexNumber": key.index?.json, "userId": key.user?.json]
        case .keyRemoved(let key, let index), .keyWriteRequested(let key, let index):
            ["keyUuid": key.json, "keyIndexNumber": index?.json]
        case .openRequested(let reason, let request): ["reason": reason?.json, "requestId": request?.json]
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
