import Application
import Kernel

/// The tenant's own API key, masked.
struct ShowOwnKey: Query {
    let org: OrgID

    struct Key: Sendable {
        let org: OrgID
        let name: String
        let key: ApiKeyPreview.Shown
    }

    var target: String { org.text }
    static let shape = Shape<Key>(
        .member("orgId") { $0.org }, .member("orgName") { $0.name }, .members(of: ApiKeyPreview.Shown.shape) { $0.key })

    func answer(_ snapshot: Snapshot<Tenant>, _ request: Request, _ services: Services) throws -> Key {
        guard let key = snapshot.state.key else {
            throw RequestError.refused(.unknown, code: nil, message: "The tenant has no API key of its own.")
        }
        return Key(org: org, name: snapshot.state.name ?? "", key: key.shown)
    }

    static let operation = Operation.query(
        "/api-key", "Read one's own API key, masked",
        allow: Rule<ShowOwnKey, Tenant>("the tenant", by: .apiKey) { _, _, caller in caller.org != nil },
        inputs: .init(.caller), make: { ShowOwnKey(org: $0.org ?? "") })
}
