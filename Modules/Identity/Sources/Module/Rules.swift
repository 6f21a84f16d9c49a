import Application
import Kernel

/// A use case about one person.
protocol ConcernsUser: Sendable {
    var user: UserID { get }
}

/// Rule U: people act for themselves, API keys for anyone.
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
