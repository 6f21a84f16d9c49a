import Kernel

/// Why a hub does not do what its state forbids.
enum HubRefusal: DomainError {
    case otherHub, notClaimed, samePlace, suspended, notSuspended, decommissioned

    var kind: RefusalKind { .invalid }
    var message: String {
        switch self {
        case .otherHub: "The body's hubId must be the id in the path."
        case .notClaimed: "Nobody has claimed the hub."
        case .samePlace: "The hub stands there already."
        case .suspended: "The hub is suspended."
        case .notSuspended: "The hub is not suspended."
        case .decommissioned: "The hub was decommissioned."
        }
    }
}

extension Hub {
    /// Throws unless a command may go to the hub, or change it: it is claimed, and works.
    func mustWork() throws(HubRefusal) {
        switch status {
        case .claimed: break
        case .unknown, .provisioned: throw .notClaimed
        case .suspended: throw .suspended
        case .decommissioned: throw .decommissioned
        }
    }
}
