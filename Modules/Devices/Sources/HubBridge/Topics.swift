import DevicesContracts
import Kernel

/// The topics of shadows, named as in AWS IoT, and of presence.
struct Topics: Sendable {
    /// `$aws/things`
    let prefix: String

    private static let presence = "spk/things/"

    var subscriptions: [String] {
        HubLink.Verb.allCases.flatMap { ["\(prefix)/+/shadow/\($0.rawValue)", "\(prefix)/+/shadow/name/+/\($0.rawValue)"] } + [
            "\(Self.presence)+/presence"
        ]
    }

    func topic(_ thing: ThingName, _ shadow: String?, _ tail: String) -> String {
        "\(prefix)/\(thing)/shadow/" + (shadow.map { "name/\($0)/" } ?? "") + tail
    }

    static func presence(_ thing: ThingName) -> String { "\(presence)\(thing)/presence" }

    /// Decodes a message. Returns nil for unknown topics and for retained requests: a request counts when it is made, and must not be
    /// repeated for later subscribers.
    func inbound(_ topic: String, _ payload: [UInt8], isRetained: Bool) -> HubLink.Inbound? {
        if topic.hasPrefix(Self.presence), topic.hasSuffix("/presence") {
            let thing = topic.dropFirst(Self.presence.count).dropLast("/presence".count)
            let name = ThingName(String(thing))
            guard payload.count <= 1_024, let said = try? JSON.parse(payload, depth: 4), let online = said["online"]?.boolean,
                name.isThingName
            else { return nil }
            let at = said["at"]?.text.flatMap(Timestamp.init(iso:)) ?? said["at"]?.integer.map(Timestamp.init(milliseconds:))
            return .presence(name, HubLink.SignOfLife(isOnline: online, saidAt: at))
        }
        guard topic.hasPrefix(prefix + "/"), !isRetained else { return nil }
        let parts = topic.dropFirst(prefix.count + 1).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts[1] == "shadow", ThingName(parts[0]).isThingName,
            let verb = HubLink.Verb(rawValue: parts[parts.count - 1])
        else { return nil }
        switch parts.count {
        case 3: return .shadow(ThingName(parts[0]), shadow: nil, verb: verb, payload: payload)
        case 5 where parts[2] == "name": return .shadow(ThingName(parts[0]), shadow: parts[3], verb: verb, payload: payload)
        default: return nil
        }
    }
}
