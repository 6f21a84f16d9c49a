import Kernel

/// The number plates of a user.
struct LicensePlates: Query, ConcernsUser {
    let user: UserID
    var target: String { user.text }

    static let answer = Schema.object([
        "licensePlates": .list(of: .object(["plate": .string, "label": .string, "addedAt": .number])), "totalCount": .integer,
    ])

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) -> JSON {
        let plates = snapshot.state.plates
        return ["licensePlates": .array(plates.map { .object($0.data) }), "totalCount": .int(Int64(plates.count))]
    }

    static let operation = Operation.query(
        "/users/{id}/license-plates", "Read a user's number plates", allow: .selfOrTenant, input: .path("id", "Id of the user."), make: LicensePlates.init(user:)
    )
}
