import Application
import Kernel

/// The number plates of a user.
struct LicensePlates: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let shape = Shape<[LicensePlate]>(.list("licensePlates", of: LicensePlate.shape) { $0 }, .member("totalCount") { $0.count })

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> [LicensePlate] { snapshot.state.plates }

    static let operation = Operation.query(
        "/users/{id}/license-plates", "Read a user's number plates", allow: .selfOrTenant, inputs: .init(.path("id", "Id of the user.")),
        make: LicensePlates.init(user:)
    )
}
