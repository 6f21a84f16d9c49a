import Application
import DevicesContracts
import Kernel

/// Issues the credentials with which a hub connects to the broker. They are shown once; those before are dead.
struct IssueCredentials: Command {
    let hub: Hub.ID
    let caller: Caller

    struct Facts: Sendable {
        let password: String
        let broker: BrokerAccess
        let thing: ThingName
    }

    typealias Refusal = HubRefusal
    var target: String { hub.text }

    /// Generates the password: 192 random bits.
    func facts(on snapshot: Snapshot<Hub>, _: Request, _ services: Services) throws -> Facts {
        Facts(
            password: Base64URL.encode(services.vault.random(24)), broker: try services.port(BrokerAccess.self),
            thing: snapshot.state.hardware?.thing ?? ThingName(hub.text))
    }

    func decide(_ state: Hub, _: Facts, at now: Timestamp) throws(HubRefusal) -> [Hub.Event] {
        switch state.status {
        case .suspended: throw .suspended
        case .decommissioned: throw .decommissioned
        case .unknown, .provisioned, .claimed: return [.credentialsIssued(by: caller.publicName, at: now)]
        }
    }

    func effect(of events: [Hub.Event], on _: Snapshot<Hub>, _ facts: Facts, _: Request, _ services: Services) throws -> Effect {
        .local(Changes(rows: [HubCredentials.issue(try HubCredentials.seal(facts.password, of: hub, services.vault), to: hub)]))
    }

    private static let answer = CommandResponse<IssueCredentials>.only(
        200, .constant("success", true), .member("hubId") { $0.command.hub }, .member("user") { HubCredentials.user(of: $0.command.hub) },
        .json("password", .string.described("Shown only here.")) { .string($0.facts.password) },
        .member("broker") { $0.facts.broker.address },
        .json("topics", .list(of: .string.described("Of the hub itself; its devices have theirs in the same way."))) {
            .array($0.facts.broker.topics($0.facts.thing).map(JSON.string))
        },
        .json("ca", Schema.string.nullable.described("Certificates to check the broker's against, in PEM.")) {
            $0.facts.broker.authority.map(JSON.string) ?? .null
        })

    static let operation = Operation.command(
        .post, "/hubs/{id}/IssueCredentials", "Issue a hub's credentials for the broker; those before are dead at once",
        allow: .owner, answer: answer, inputs: .init(.path("id", "Id of the hub."), .caller), make: IssueCredentials.init(hub:caller:))
}
