import Application
import Kernel

/// A use case about one user.
protocol ConcernsUser: Sendable {
    var user: UserID { get }
}

/// Rule U: users act for themselves, API keys for any user.
extension Rule where Request: ConcernsUser {
    static var selfOrTenant: Rule {
        Rule("the user, or any API key", admitsSuspended: true) { request, _, caller in
            switch caller {
            case .key: true
            case .user(let user, _): user == request.user
            case .anonymous, .staff: false
            }
        }
    }
}
