import Application
import DevicesContracts
import Kernel

/// Feeds the named shadows of a thing in again, as if the thing had just reported them.
struct SyncShadows: AskAll {
    let thing: ExistingThingName

    static let missing: String? = "The thing has no named shadows."
    private static let shadow = Shape<String>(
        .member("shadowName") { $0 }, .json("lambdaStatusCode", Schema.integer.nullable) { _ in 200 },
        .json("lambdaRequestId", Schema.string.nullable) { _ in .null }, .json("error", Schema.string.nullable) { _ in .null })
    static let shape = Shape<ShadowSync.Done>(
        .constant("success", true), .member("thingName") { $0.thing.text }, .list("shadows", of: shadow) { $0.shadows },
        .json("errors", .list(of: .string)) { _ in [] })
    var question: ShadowSync { ShadowSync(thing: ThingName(thing.text)) }
    func whole(_ replies: [ShadowSync.Done?], unavailable: [String]) -> ShadowSync.Done? { replies.lazy.compactMap(\.self).first }

    static let operation = Operation.askAll(
        .post, "/admin/shadow-sync/{thingName}", "Feed the named shadows of a thing in again", allow: .staff, of: { ["devices"] },
        inputs: .init(.path("thingName", "Name of the thing.")), make: SyncShadows.init(thing:))
}

/// The question behind it. Used only within this module.
struct ShadowSync: ModuleQuestion {
    static let name = "ShadowSync"
    let thing: ThingName

    struct Done: Codable, Sendable {
        let thing: ThingName
        let shadows: [String]
    }
    /// Nil for a thing without named shadows.
    typealias Reply = Done?
}

/// The name of a thing on the broker.
struct ExistingThingName: StringValue {
    let text: String
    init(_ text: String) { self.text = ThingName(text).text }
    static var maxLength: Int { 128 }
    static var schema: Schema { .string.matching("^[a-zA-Z0-9:_-]+$").limited(min: 1, max: Int64(maxLength)) }
    static func problem(with text: String) -> String? {
        ThingName(text).isThingName ? nil : "must have 1 to 128 letters, digits or characters of :_-"
    }
}

extension ThingRunner {
    /// Announces the documents of a thing again, except for those that show commands.
    func sync(_ thing: ThingName) async throws -> ShadowSync.Done? {
        try await withThing(thing) {
            let rows = try await services.store.query(ThingTables.namedShadows(of: thing)), now = services.clock()
            guard !rows.isEmpty else { return nil }
            var names: [String] = [], messages: [Commit.OutgoingMessage] = [], log: [SQL] = []
            for row in rows {
                let name: String = try row.read("shadow"), shadow = try ThingTables.read(row)
                names.append(name)
                guard !shadow.isDeleted, !PendingCommand.shadows.contains(name) else { continue }
                let owner = try ThingOwner(try await services.store.query(ThingTables.owner(thing)).first)
                let changed = shadow.announcement(of: thing, at: now)
                messages.append(try Commit.OutgoingMessage(changed, audience: owner.org.map { [$0] } ?? [], at: now))
                log.append(MessageLog.add(.reported(["state": ["reported": shadow.reported]], shadow, on: name), of: thing, at: now))
            }
            if !messages.isEmpty {
                try await services.store.commit(
                    Commit(rows: log, messages: messages, trace: Trace(correlation: "shadow-sync", causation: nil)))
            }
            return ShadowSync.Done(thing: thing, shadows: names)
        }
    }
}
