import Application
import Kernel

/// One metal key of a user.
struct OnePhysicalKey: Query, ConcernsUser {
    let user: UserID
    let number: KeyNumber
    var target: String { user.text }

    static let shape = PhysicalKey.shape

    func answer(_ snapshot: Snapshot<UserAccount>, _ request: Request, _ services: Services) throws -> PhysicalKey {
        guard let key = snapshot.state.physicalKey(number.number, for: request.caller) else {
            throw RequestError.refused(.unknown, code: nil, message: "The user has no such key.")
        }
        return key
    }

    static let operation = Operation.query(
        "/users/{id}/PhysicalKeys/{number}", "Read one metal key of a user", allow: .selfOrTenant,
        inputs: .init(.path("id", "Id of the user."), .path("number", "Number of the key.")), make: OnePhysicalKey.init(user:number:)
    )
}

/// The number of a metal key: a positive integer, counted per user.
struct KeyNumber: WireValue {
    let number: Int
    static var schema: Schema { Schema.integer.with("minimum", 1) }
    var json: JSON { number.json }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> KeyNumber? {
        guard let number = Int.read(raw, at: path, &reading) else { return nil }
        return number > 0 ? KeyNumber(number: number) : reading.note(path, "must be a positive whole number")
    }
}
