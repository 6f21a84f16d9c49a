public import Kernel

/// A command for a device. Devices receive it as a name with arguments; only this type knows that format.
public enum DeviceCommand: Sendable, Equatable {
    /// Opens the door, and does nothing else.
    /// - Parameter request: the caller's own request id.
    case unlock(reason: String?, request: String?)
    case addKey(DeviceKey, holder: UserID?)
    case removeKey(DeviceKey)
    /// Writes a key to the card that is held against the lock.
    case writeKey(DeviceKey)
    /// A Matter cluster command.
    case matter(MatterCommand)
    /// A command for a hub itself, passed on as it is.
    case hub(name: String, arguments: JSON)

    /// The shadow that shows commands for hubs; other things have theirs in `command`.
    public static let hubShadow = "hub_command"

    public var name: String {
        switch self {
        case .unlock: "unlock"
        case .addKey: "add_key"
        case .removeKey: "remove_key"
        case .writeKey: "write_key"
        case .matter: "device_command"
        case .hub(let name, _): name
        }
    }

    public var arguments: JSON {
        switch self {
        case .unlock(let reason, let request): ["request_id": request?.json, "reason": reason?.json]
        case .addKey(let key, let holder): ["key_uuid": key.id.json, "key_index": key.index?.json, "user_id": holder?.json]
        case .removeKey(let key), .writeKey(let key): ["key_uuid": key.id.json, "key_index": key.index?.json]
        case .matter(let command): command.arguments
        case .hub(_, let arguments): arguments
        }
    }

    /// Decodes a command from the name and arguments in which it is stored and sent.
    /// - Parameter shadow: the shadow that shows it; hubs have other commands than locks and devices.
    /// - Throws: `UnknownDeviceCommand` for an unknown name, or arguments that do not match it.
    public init(name: String, arguments: JSON, on shadow: String = "command") throws(UnknownDeviceCommand) {
        if shadow == Self.hubShadow {
            self = .hub(name: name, arguments: arguments)
            return
        }
        switch name {
        case "unlock": self = .unlock(reason: arguments["reason"]?.text, request: arguments["request_id"]?.text)
        case "add_key": self = .addKey(try DeviceKey(arguments, of: name), holder: arguments["user_id"]?.text.map { UserID($0) })
        case "remove_key": self = .removeKey(try DeviceKey(arguments, of: name))
        case "write_key": self = .writeKey(try DeviceKey(arguments, of: name))
        case "device_command": self = .matter(try MatterCommand(arguments))
        default: throw UnknownDeviceCommand(name: name)
        }
    }

    /// The key that is added, removed or written.
    public var key: DeviceKey? {
        switch self {
        case .addKey(let key, _), .removeKey(let key), .writeKey(let key): key
        case .unlock, .matter, .hub: nil
        }
    }

    /// The same command without its secrets: a PIN, or what a hub was told. Nil for a command that has none.
    public var withoutSecrets: DeviceCommand? {
        switch self {
        case .matter(let command): command.withoutCredential.map { .matter($0) }
        case .hub(let name, let arguments): arguments == [:] ? nil : .hub(name: name, arguments: [:])
        case .unlock, .addKey, .removeKey, .writeKey: nil
        }
    }

    public var isRemoval: Bool { if case .removeKey = self { true } else { false } }
}

/// A key as devices know it.
public struct DeviceKey: Sendable, Equatable {
    public let id: String
    /// Its slot on the device.
    public let index: Int?
    public init(id: String, index: Int? = nil) { (self.id, self.index) = (id, index) }

    fileprivate init(_ arguments: JSON, of command: String) throws(UnknownDeviceCommand) {
        guard let id = arguments["key_uuid"]?.text else { throw UnknownDeviceCommand(name: command) }
        self.init(id: id, index: arguments["key_index"]?.integer.map { Int($0) })
    }
}

/// A command of a Matter cluster (Matter Core Specification, Interaction Model, Invoke).
public struct MatterCommand: Sendable, Equatable {
    public let endpoint: Int
    public let cluster: Int
    public let name: String
    public let payload: JSON
    /// Milliseconds within which the timed invoke must follow; nil for commands that do not need one.
    public let timedRequest: Int?

    public init(endpoint: Int, cluster: Int, name: String, payload: JSON = [:], timedRequest: Int?) {
        self.endpoint = endpoint
        self.cluster = cluster
        self.name = name
        self.payload = payload
        self.timedRequest = timedRequest
    }

    fileprivate init(_ arguments: JSON) throws(UnknownDeviceCommand) {
        guard let endpoint = arguments["endpoint_id"]?.integer, let cluster = arguments["cluster_id"]?.integer,
            let name = arguments["command_name"]?.text
        else { throw UnknownDeviceCommand(name: "device_command") }
        self.init(
            endpoint: Int(endpoint), cluster: Int(cluster), name: name, payload: arguments["payload"] ?? [:],
            timedRequest: arguments["timed_request_timeout_ms"]?.integer.map { Int($0) })
    }

    /// The same command without the PIN or code that it sets (Door Lock, SetCredential); nil for a command that sets none.
    fileprivate var withoutCredential: MatterCommand? {
        guard var payload = payload.members, payload["credentialData"] != nil else { return nil }
        payload["credentialData"] = nil
        return MatterCommand(endpoint: endpoint, cluster: cluster, name: name, payload: .object(payload), timedRequest: timedRequest)
    }

    fileprivate var arguments: JSON {
        [
            "endpoint_id": .int(Int64(endpoint)), "cluster_id": .int(Int64(cluster)), "command_name": .string(name), "payload": payload,
            "timed_request_timeout_ms": timedRequest?.json,
        ]
    }
}

/// A device command that this build does not know.
public struct UnknownDeviceCommand: Error, Sendable, Equatable {
    public let name: String
    public init(name: String) { self.name = name }
}
