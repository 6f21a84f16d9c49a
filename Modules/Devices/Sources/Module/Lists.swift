import Application
import DevicesContracts
import Kernel

/// Lists of a tenant's own.
enum Lists {
    static let migration = Migration(
        "014-lists",
        [
            "CREATE INDEX aggregates_by_org_devices ON devices.aggregates (category, org_id, id)",
            "CREATE INDEX things_by_org ON devices.things (org_id) WHERE org_id IS NOT NULL",
        ])

    /// Returns the tenant whose list a caller gets: a tenant's own, or the one that staff and super keys name.
    static func tenant(of caller: Caller, naming named: OrgID?) throws -> OrgID {
        if let own = caller.org {
            guard named == nil || named == own else {
                throw RequestError.refused(.forbidden, code: nil, message: "The list of another tenant is not shown.")
            }
            return own
        }
        guard let named else { throw RequestError.problems([Problem("orgId", "is missing: staff and super keys name a tenant")]) }
        return named
    }

    /// Loads some items side by side and keeps their order.
    static func load<Item: Sendable>(
        _ ids: [String], _ item: @escaping @Sendable (String) async throws -> Item
    ) async throws -> [Item] {
        try await withThrowingTaskGroup(of: (Int, Item).self) { group in
            for (place, id) in ids.enumerated() { group.addTask { (place, try await item(id)) } }
            return try await group.reduce(into: [(Int, Item)]()) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
