import Application
import DevicesContracts
import Kernel

/// A thing and one of its shadows, as stored.
struct StoredThing: Sendable {
    /// Nil for the classic shadow.
    let shadowName: String?
    var shadow: Shadow
    /// The open commands on all shadows of the thing.
    var commands: [PendingCommand]
    let owner: ThingOwner
    /// Whether its hub is suspended or was decommissioned.
    let isOutOfService: Bool
    /// Nil until the thing first reports its presence.
    let isOnline: Bool?
    /// The thing of the Matter device that represents this lock.
    let matter: ThingName?

    /// Whether the shadow shows commands.
    var isSlot: Bool { shadowName.map(PendingCommand.shadows.contains) ?? false }

    /// The queries whose rows make a stored thing.
    static func queries(_ thing: ThingName, _ shadowName: String?) -> [SQL] {
        [
            ThingTables.shadow(thing, shadowName), PendingCommand.open(for: thing), ThingTables.owner(thing), ThingTables.presence(thing),
            MatterDevicesView.standing(for: thing),
        ]
    }

    init(
        shadowName: String?, shadow: Shadow, commands: [PendingCommand], owner: ThingOwner, isOutOfService: Bool = false, isOnline: Bool?,
        matter: ThingName?
    ) {
        self.shadowName = shadowName
        self.shadow = shadow
        self.commands = commands
        self.owner = owner
        self.isOutOfService = isOutOfService
        self.isOnline = isOnline
        self.matter = matter
    }

    /// - Parameter rows: the answers to `queries`.
    init(_ rows: ArraySlice<[Row]>, _ shadowName: String?, _ log: Log) throws {
        let rows = Array(rows)
        self.init(
            shadowName: shadowName, shadow: try ThingTables.read(rows[0].first), commands: PendingCommand.readable(rows[1], log),
            owner: try ThingOwner(rows[2].first),
            isOutOfService: try rows[2].first?.find("is_out") ?? false, isOnline: try rows[3].first?.find("online"),
            matter: try rows[4].first?.find("thing", as: String.self).map { ThingName($0) })
    }

    /// The same thing after some actions were stored.
    func after(_ actions: [ThingState.Action], adding command: PendingCommand? = nil) -> StoredThing {
        var after = self
        for case .store(let change) in actions {
            switch change {
            case .shadow(let shadow):
                after.shadow = shadow
                after.shadow.isStored()
            case .end(let ended, _, _, _): after.commands.removeAll { $0.action == ended.action }
            case .result, .note: break
            }
        }
        if let command { after.commands.append(command) }
        return after
    }
}
