import DevicesContracts
import Kernel

/// The owner of a thing: at most one tenant or user. A thing without an owner takes no commands.
enum ThingOwner: Sendable, Equatable {
    case tenant(OrgID, hub: Hub.ID?)
    case person
    /// Registered with an unclaimed hub.
    case unclaimed(Hub.ID)
    case nobody

    init(_ row: Row?) throws(RowDecodingError) {
        guard let row else { self = .nobody; return }
        let hub = try row.find("hub_id", as: Hub.ID.self)
        if let org = try row.find("org_id", as: OrgID.self) { self = .tenant(org, hub: hub); return }
        self = hub.map { .unclaimed($0) } ?? .person
    }

    /// - Parameter org: a tenant; nil for a user.
    func belongs(to org: OrgID?) -> Bool {
        switch (self, org) {
        case (.tenant(let own, _), let org?): own == org
        case (.person, nil): true
        default: false
        }
    }

    /// Whether a hub of this id and tenant may take the thing: it already belongs to them, or has no owner.
    func isFree(for hub: Hub.ID?, of org: OrgID?) -> Bool {
        self == .nobody || self.org.map { $0 == org } ?? false || self.hub != nil && self.hub == hub
    }

    /// Admits a tenant to its own thing.
    func admit(_ org: OrgID) throws(Shadow.Rejection) {
        switch self {
        case .tenant(let own, _) where own == org: break
        case .tenant, .person: throw .foreign
        case .unclaimed, .nobody: throw .noThing
        }
    }

    var org: OrgID? { if case .tenant(let org, _) = self { org } else { nil } }
    var hub: Hub.ID? {
        switch self {
        case .tenant(_, let hub): hub
        case .unclaimed(let hub): hub
        case .person, .nobody: nil
        }
    }
}
