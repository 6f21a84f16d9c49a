import DevicesContracts
import Kernel

/// The topics of shadows, as AWS IoT names them, and of presence.
struct Topics: Sendable {
    /// `$aws/things`
    let prefix: String

    private static let presence = "spk/things/"

    var subscriptions: [String] {
        HubLink.Verb.allCases.flatMap { ["\(prefix)/+/shadow/\($0.rawValue)", "\(prefix)/+/shadow/name/+/\($0.rawValue)"] } + ["\(Self.presence)+/presence"]
    }

    func topic(_ thing: ThingName, _ shadow: String?, _ tail: String) -> String {
        "\(prefix)/\(thing)/shadow/" + (shadow.map { "name/\($0)/" } ?? "") + tail
    }

    static func presence(_ thing: ThingName) -> String { "\(presence)\(thing)/presence" }

    /// What a message means; nil for topics that are nobody's.
    func inbound(_ topic: String, _ payload: [UInt8]) -> HubLink.Inbound? {
        if topic.hasPrefix(Self.presence), topic.hasSuffix("/presence") {
            let thing = topic.dropFirst(Self.presence.count).dropLast("/presence".count)
            guard let online = (try? JSON.parse(payload))?["online"]?.boolean, !thing.contains("/") else { return nil }
            return .presence(ThingName(String(thing)), online: online)
        }
        guard topic.hasPrefix(prefix + "/") else { return nil }
        let parts = topic.dropFirst(prefix.count + 1).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts[1] == "shadow", !parts[0].isEmpty, let verb = HubLink.Verb(rawValue: parts[parts.count - 1]) else { return nil }
        switch parts.count {
        case 3: return .shadow(ThingName(parts[0]), shadow: nil, verb: verb, payload: payload)
        case 5 where parts[2] == "name": return .shadow(ThingName(parts[0]), shadow: parts[3], verb: verb, payload: payload)
        default: return nil
        }
    }
}
