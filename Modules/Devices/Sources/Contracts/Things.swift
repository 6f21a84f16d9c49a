public import Kernel

/// Asks Devices to bind a thing to a tenant or to a user. A thing that already has another owner stays with it, and a thing registered with
/// a hub waits until that hub is claimed.
public struct BindThing: Ask {
    public static let name = "devices.BindThing", module = "devices"
    public let thing: ThingName
    /// Nil for a thing of a user, which no tenant owns.
    public let org: OrgID?
    /// Whether the current owner hands the thing over; the binding then moves regardless of the owner.
    public let isHandOver: Bool
    public init(thing: ThingName, org: OrgID?, isHandOver: Bool = false) {
        self.thing = thing
        self.org = org
        self.isHandOver = isHandOver
    }

    public struct Reply: Codable, Sendable {
        public let isBound: Bool
        public init(isBound: Bool) { self.isBound = isBound }
    }
}

/// Asks what is known of devices.
public struct DeviceStates: Ask {
    public static let name = "devices.DeviceStates", module = "devices"
    public static let timeout = Duration.seconds(3)
    public let devices: [ThingName]
    public init(devices: [ThingName]) { self.devices = devices }

    public struct State: Codable, Sendable {
        public let device: String
        /// Nil for a thing that is no Matter device.
        public let type: String?
        public let thing: String
        /// Nil while nothing has been heard of it.
        public let isOnline: Bool?
        public init(device: String, type: String?, thing: String, isOnline: Bool?) {
            self.device = device
            self.type = type
            self.thing = thing
            self.isOnline = isOnline
        }
    }

    public struct Reply: Codable, Sendable {
        /// Only those that are known.
        public let states: [State]
        public init(states: [State]) { self.states = states }
    }
}

/// Asks which things are known to be online.
public struct ThingsOnline: Ask {
    public static let name = "devices.ThingsOnline", module = "devices"
    public static let timeout = Duration.seconds(2)
    public let things: [ThingName]
    public init(things: [ThingName]) { self.things = things }

    public struct Reply: Codable, Sendable {
        public let online: [ThingName]
        public init(online: [ThingName]) { self.online = online }
    }
}

/// Asks for the messages sent to and received from a thing, newest first.
public struct ThingMessages: Ask {
    public static let name = "devices.ThingMessages", module = "devices"
    public let thing: ThingName
    /// Maximum number of messages per direction.
    public let limit: Int
    public init(thing: ThingName, limit: Int) { (self.thing, self.limit) = (thing, limit) }

    public struct Message: Codable, Sendable {
        public let id: Int64
        public let payload: JSON
        public let at: Timestamp
        public init(id: Int64, payload: JSON, at: Timestamp) {
            self.id = id
            self.payload = payload
            self.at = at
        }
    }
    public struct Reply: Codable, Sendable {
        public let commands: [Message]
        public let statuses: [Message]
        public init(commands: [Message], statuses: [Message]) { (self.commands, self.statuses) = (commands, statuses) }
    }
}

/// A device's shadow has changed; partners receive this as `Shadow Update`.
public struct ShadowChanged: PublishedMessage, Equatable {
    public static let module = "devices", name = "Shadow Update"
    public let thing: ThingName
    public let version: Int
    public let desired: JSON?
    public let reported: JSON?
    public let delta: JSON
    public let metadata: JSON?
    public var stream: StreamName { StreamName("shadow", thing.text) }

    public init(thing: ThingName, version: Int, desired: JSON?, reported: JSON?, delta: JSON, metadata: JSON?) {
        self.thing = thing
        self.version = version
        self.desired = desired
        self.reported = reported
        (self.delta, self.metadata) = (delta, metadata)
    }
}
