import Application
import DevicesContracts
import Kernel

/// An open of a lock that a Matter device represents sends two commands: the lock's `unlock` and the Door Lock cluster's `UnlockDoor`
/// (Matter Application Cluster Specification, Door Lock). They share the action and the expiry. The first success is the action's success,
/// and the other command is then withdrawn; the action has failed only when both have failed.
extension PendingCommand {
    /// The Door Lock cluster's command, which needs a timed invoke.
    static let unlockDoor = MatterCommand(endpoint: 1, cluster: 257, name: "UnlockDoor", timedRequest: 1_000)

    /// The action that this command belongs to.
    var whole: ActionID { partOf ?? action }
    /// Whether the device has reported success, in time or late.
    var hasSucceeded: Bool { stage == .succeeded || (wasLate && (stage == .expired || stage == .withdrawn)) }

    /// Whether the other command of the same open has opened the door.
    func isDone(beside other: PendingCommand?) -> Bool { other?.hasSucceeded ?? false }

    /// Selects the other command of the same open.
    static func other(than command: PendingCommand) -> SQL {
        "SELECT * FROM devices.commands WHERE part_of = \(command.whole) AND action_id <> \(command.action) LIMIT 1"
    }

    /// Whether the end of a command is the end of its action.
    /// - Parameter other: the other command of the action in its current state; nil if there is none.
    static func endsAction(_ outcome: CommandFinished.Outcome, beside other: PendingCommand?) -> Bool {
        guard let other else { return true }
        return !other.hasSucceeded && (outcome == .succeeded || !other.isOpen)
    }
}

extension ThingRunner {
    /// Returns the id of the `UnlockDoor` that belongs to an open.
    func doorPart(of action: ActionID) -> ActionID {
        ActionID(UUIDText(digest: services.vault.sha256(Array("\(action) UnlockDoor".utf8))).text)
    }

    /// Sends `UnlockDoor` in addition to an `unlock` that the link has taken. A failure is only logged; the lock has its own command.
    func unlockDoor(of thing: ThingName, beside unlock: PendingCommand, _ context: AskContext) async {
        let part = SendCommand(
            action: doorPart(of: unlock.action), thing: thing, org: unlock.org, shadow: unlock.shadow,
            command: .matter(PendingCommand.unlockDoor), lifetime: nil, context: unlock.context, premise: unlock.premise)
        do { _ = try await take(part, beside: unlock, context) } catch {
            services.log.warning("A Matter device could not be told to open", ["thing": thing.text, "error": "\(error)"])
        }
    }

    /// Holds the stream locks of the opens that these commands belong to while `body` ends some of them. The two commands of an open may be
    /// on two things, whose stream locks do not exclude each other. Always taken inside the stream lock of a thing, never around one.
    func withOpens<Result>(of commands: [PendingCommand], _ body: (Others) async throws -> Result) async throws -> Result {
        let parts = commands.filter { $0.partOf != nil }
        guard !parts.isEmpty else { return try await body([:]) }
        var streamLocks: [StreamLock] = []
        defer { for streamLock in streamLocks { streamLock.release() } }
        for whole in Set(parts.map(\.whole.text)).sorted() {
            streamLocks.append(try await services.store.lockStream(StreamName("open", whole)))
        }
        let rows = try await services.store.read(parts.map { PendingCommand.other(than: $0) })
        var others: Others = [:]
        for (part, rows) in zip(parts, rows) { others[part.action] = try rows.first.map { try PendingCommand($0) } }
        return try await body(others)
    }
}
