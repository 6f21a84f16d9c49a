public import DevicesContracts
import Foundation
import Kernel
public import MQTT
import Synchronization
import Waiting

/// The broker's list of clients, kept by mosquitto's dynamic security plugin and changed over its topic `$CONTROL/dynamic-security/v1`.
///
/// Each hub is a client of its own with a role of its own, which has the topics of its things and nothing else.
public final class DynamicSecurity: Sendable {
    private struct State {
        var client: MQTTClient?
        var waiting: [String: OneShot<[JSON]>] = [:]
    }
    private let settings: MQTTSettings
    private let topics: Topics
    private let state = Mutex(State())
    private static let control = "$CONTROL/dynamic-security/v1"
    private static let patience = Duration.seconds(5)

    /// - Parameter settings: of a client that may change the list: the one that `mosquitto_ctrl dynsec init` has made.
    public init(_ settings: MQTTSettings, topicPrefix: String) {
        var own = settings
        own.clientID += "-access-" + UUID().uuidString.prefix(8).lowercased()
        self.settings = own
        topics = Topics(prefix: topicPrefix)
    }

    /// - Parameters:
    ///   - address: where hubs reach the broker.
    ///   - authority: the certificates against which they check the broker's, in PEM.
    public func port(address: String, authority: String?) -> BrokerAccess {
        BrokerAccess(
            address: address, authority: authority, topics: { [topics] in topics.own(of: $0) },
            prepare: { try await self.prepare() }, admit: { try await self.admit($0) }, shut: { try await self.shut($0) })
    }

    private func admit(_ grant: BrokerAccess.Grant) async throws {
        let user = JSON.string(grant.user), role = Self.role(of: grant.user), rules = grant.things.flatMap { acls(of: $0) }
        // The broker may end the connections of a client whose role is written, even if nothing of it changes.
        let known = try await carryOut([["command": "getRole", "rolename": role]], mayBeMissing: true).first?["data"]?["role"]?["acls"]
        let isSame = known?.items.map { Set($0.map(Self.essence)) == Set(rules.map(Self.essence)) } ?? false
        let write: [JSON] = [
            ["command": "createRole", "rolename": role], ["command": "modifyRole", "rolename": role, "acls": .array(rules)],
        ]
        let create: JSON = [
            "command": "createClient", "username": user, "password": .string(grant.password), "roles": [["rolename": role]],
        ]
        let made = try await carryOut((isSame ? [] : write) + [create], mayExist: true)
        let wasKnown = made.last?["error"] != nil
        var commands: [JSON] = []
        if wasKnown, grant.isNew {
            commands.append(["command": "setClientPassword", "username": user, "password": .string(grant.password)])
        }
        commands.append(["command": "enableClient", "username": user])
        _ = try await carryOut(commands)
    }

    private func shut(_ user: String) async throws {
        let isKnown =
            try await carryOut([["command": "getClient", "username": .string(user)]], mayBeMissing: true)
            .first?["error"] == nil
        guard isKnown else { return }
        _ = try await carryOut([
            ["command": "disableClient", "username": .string(user)],
            // A session that a certificate has opened is held by no password.
            ["command": "modifyRole", "rolename": Self.role(of: user), "acls": []],
        ])
    }

    private static func role(of user: String) -> JSON { .string("spkey-" + user) }

    private func acls(of thing: ThingName) -> [JSON] {
        topics.heard(by: thing).flatMap { [Self.acl("publishClientReceive", $0), Self.acl("subscribePattern", $0)] }
            + topics.said(by: thing).map { Self.acl("publishClientSend", $0) }
    }

    /// What makes two rules the same.
    private static func essence(_ acl: JSON) -> String {
        "\(acl["acltype"]?.text ?? "") \(acl["topic"]?.text ?? "") \(acl["allow"] == true)"
    }

    private static func acl(_ kind: String, _ topic: String) -> JSON {
        ["acltype": .string(kind), "topic": .string(topic), "priority": 0, "allow": true]
    }
}

// MARK: - The platform's own access

extension DynamicSecurity {
    private static let ownRole = JSON.string("spkey-platform")

    /// Gives the platform's own client the topics of things, and clients without a role nothing.
    private func prepare() async throws {
        guard let user = settings.user.map(JSON.string) else { throw BrokerAccess.Failure("SPKEY_MQTT_URL names no user") }
        let kinds = ["publishClientSend", "publishClientReceive", "subscribePattern"]
        let acls = [topics.prefix + "/#", Topics.allPresence].flatMap { topic in kinds.map { Self.acl($0, topic) } }
        let defaults = (kinds.dropLast() + ["subscribe"]).map { kind -> JSON in ["acltype": .string(kind), "allow": false] }
        _ = try await carryOut([["command": "createRole", "rolename": Self.ownRole, "acls": .array(acls)]], mayExist: true)
        let answers = try await carryOut([
            ["command": "setDefaultACLAccess", "acls": .array(defaults)], ["command": "getClient", "username": user],
        ])
        let roles = answers.last?["data"]?["client"]?["roles"]?.items ?? []
        if !roles.contains(where: { $0["rolename"] == Self.ownRole }) {
            // The broker ends the connections of a client whose roles change.
            _ = try await carryOut([["command": "addClientRole", "username": user, "rolename": Self.ownRole]])
        }
    }
}

// MARK: - Commands

extension DynamicSecurity {
    /// Has the broker carry out commands, in their order, and returns its answers.
    /// - Parameters:
    ///   - mayExist: whether what is to be made may be there already.
    ///   - mayBeMissing: whether what is named may be missing.
    private func carryOut(_ commands: [JSON], mayExist: Bool = false, mayBeMissing: Bool = false) async throws -> [JSON] {
        let client = try await connected(), id = UUID().uuidString, answered = OneShot<[JSON]>()
        state.withLock { $0.waiting[id] = answered }
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: id) } }
        let marked = commands.map { command in
            var command = command.members ?? [:]
            command["correlationData"] = .string(id)
            return JSON.object(command)
        }
        let answers: [JSON]
        do {
            _ = try await client.publish(Self.control, (["commands": .array(marked)] as JSON).bytes)
            answers = try await answered.value(within: Self.patience, or: BrokerAccess.Failure("the broker did not answer"))
        } catch let failure as MQTTFailure {
            throw BrokerAccess.Failure("the broker did not take the change: \(failure)")
        }
        for answer in answers {
            guard let error = answer["error"]?.text else { continue }
            let isExpected = mayExist && error.hasSuffix("already exists") || mayBeMissing && error.hasSuffix("not found")
            guard isExpected else { throw BrokerAccess.Failure("\(answer["command"]?.text ?? ""): \(error)") }
        }
        return answers
    }

    private func connected() async throws -> MQTTClient {
        if let client = state.withLock({ $0.client }) {
            guard client.isConnected else { throw BrokerAccess.Failure("the broker cannot be reached") }
            return client
        }
        let up = OneShot<Void>()
        let client = try MQTTClient(
            settings,
            handlers: MQTTHandlers(
                connected: { [weak self] in
                    self?.state.withLock { $0.client }?.subscribe([Self.control + "/response"])
                    up.settle(.success(()))
                },
                received: { [weak self] message in self?.take(message) }))
        let isFirst = state.withLock { state in
            guard state.client == nil else { return false }
            state.client = client
            return true
        }
        guard isFirst else { return try await connected() }
        client.connect()
        try await up.value(within: Self.patience, or: BrokerAccess.Failure("the broker cannot be reached"))
        return client
    }

    private func take(_ message: MQTTMessage) {
        guard let answers = try? JSON.parse(message.payload)["responses"]?.items, let id = answers.first?["correlationData"]?.text else {
            return
        }
        state.withLock { $0.waiting[id] }?.settle(.success(answers))
    }
}
