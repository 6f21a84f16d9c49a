import DevicesContracts
import Kernel

/// The topics of shadows, named as in AWS IoT, and of presence.
struct Topics: Sendable {
    /// `$aws/things`
    let prefix: String

    private static let presence = "spk/things/"

    var subscriptions: [String] {
        HubLink.Verb.allCases.flatMap { ["\(prefix)/+/shadow/\($0.rawValue)", "\(prefix)/+/shadow/name/+/\($0.rawValue)"] } + [
            Self.allPresence
        ]
    }

    func topic(_ thing: ThingName, _ shadow: String?, _ tail: String) -> String {
        "\(prefix)/\(thing)/shadow/" + (shadow.map { "name/\($0)/" } ?? "") + tail
    }

    /// The presence of every thing.
    static let allPresence = "\(presence)+/presence"

    /// What a thing may subscribe to and hear: everything about its own shadows.
    func heard(by thing: ThingName) -> [String] { ["\(prefix)/\(thing)/shadow/#"] }

    /// What a thing may say: requests about its classic and its named shadows, and its presence. The answers to requests have a level more.
    func said(by thing: ThingName) -> [String] {
        ["\(prefix)/\(thing)/shadow/+", "\(prefix)/\(thing)/shadow/name/+/+", Self.presence(thing)]
    }

    /// All of them, without those that others contain.
    func own(of thing: ThingName) -> [String] { heard(by: thing) + [Self.presence(thing)] }

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
