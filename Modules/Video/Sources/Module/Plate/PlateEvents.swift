import Application
import Kernel

/// The plates that a camera has read, the latest first, and what came of each.
struct PlateEvents: Query {
    let camera: Camera.ID
    let from: Timestamp?
    let to: Timestamp?
    let page: PageNumber?
    let size: PageSize?

    var target: String { camera.text }

    struct Reply: Sendable {
        let camera: Camera.ID
        let found: [Sightings.Sighting]
        let page: Int
        let size: Int
        let total: Int
    }

    private static let sighting = Shape<Sightings.Sighting>(
        .member("id") { $0.id }, .member("cameraId") { $0.camera },
        .json("lockId", Schema.string.nullable) { $0.lock.map(\.json) ?? .null },
        .member("plate") { $0.plate }, .json("confidence", .number) { .double($0.confidence) },
        .member("matched") { $0.user != nil }, .json("matchedUserId", Schema.string.nullable) { $0.user.map(\.json) ?? .null },
        .member("actionTaken") { $0.outcome }, .member("timestamp") { $0.at })
    static let shape = Shape<Reply>(
        .member("cameraId") { $0.camera }, .list("events", of: sighting) { $0.found }, .member("page") { $0.page },
        .member("pageSize") { $0.size }, .member("total") { $0.total }, .member("hasMore") { $0.page * $0.size < $0.total })

    func answer(_ snapshot: Snapshot<Camera>, _ request: Request, _ services: Services) async throws -> Reply {
        let page = page?.number ?? 1, size = size?.number ?? PageSize.usual
        let query = Sightings.page(camera, from: from, to: to, page, of: size)
        let found = try await services.store.read([query.rows, query.count])
        return Reply(
            camera: camera, found: try found[0].map { try Sightings.read($0, services.vault) }, page: page, size: size,
            total: try found[1].first?.read("total") ?? 0)
    }

    static let operation = Operation.query(
        "/cameras/{id}/lpr-events", "Read which plates a camera has seen", allow: .keeper,
        inputs: .init(
            .path("id", "Id of the camera."), .query("from", "Only from this time on."), .query("to", "Only up to this time."),
            .query("page", "Which page; the first is 1."),
            .query("pageSize", "At most this many; \(PageSize.usual) when absent, and never more than \(PageSize.largest).")),
        make: PlateEvents.init(camera:from:to:page:size:))

    /// A page, counted from 1.
    struct PageNumber: BoundedInt {
        static let range = 1...1_000_000
        let number: Int
    }

    /// How many items a page has; more than the largest counts as the largest.
    struct PageSize: WireValue {
        let number: Int
        static let usual = 20, largest = 100
        static var schema: Schema { Schema.integer.with("minimum", 1) }
        var json: JSON { number.json }

        static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> PageSize? {
            guard let number = Int.read(raw, at: path, &reading) else { return nil }
            return number >= 1 ? PageSize(number: min(number, largest)) : reading.note(path, "must be a whole number from 1")
        }
    }
}
