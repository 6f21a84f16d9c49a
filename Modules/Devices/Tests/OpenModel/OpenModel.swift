import DevicesContracts
import Kernel

@testable import Devices

/// Opens on their way to a door, as a value. Whatever the platform does without letting go is one step, and between any two steps
/// anything may happen: another request, the end of a right, a device that answers, a clock that is set, the death of the
/// process.
///
/// What is decided is decided by the module's own values (`PendingCommand`, `Lifetime`); what is modelled is the order in which
/// the runner stores, asks and publishes. Everything that keeps doors shut is a member of `Safeguard`, so that each can be taken
/// out.
struct OpenModel {
    enum Safeguard: CaseIterable {
        /// One at a time works on a thing.
        case threadOfThing
        /// One at a time works on an open, whose two commands may be for two things.
        case threadOfOpen
        /// What was decided on an older state of the right is not stored.
        case fence
        /// What was decided on a remembered thing is stored only while the thing is what was remembered.
        case revision
        /// The end of a right waits for commands that are being stored.
        case storingIsAwaited
        /// The end of a right withdraws what waits on it.
        case withdrawal
        /// What has waited is asked about before it is shown.
        case confirmation
        /// What was confirmed too long ago is not shown.
        case freshness
        /// Where waiting commands cannot be withdrawn, the end is acknowledged when they are too old to be shown unasked.
        case timeout
        /// Ages are measured by a clock that nobody sets.
        case uptime
        /// What has outlived its time is not published.
        case lifetime
        /// A command ends with its right where that ends by itself.
        case endOfRight
        /// A success ends the other command of the open.
        case endOfOther
        /// The other command is not stored once the open has ended.
        case openIsOpen
        /// A command that was taken back before it came is refused when it comes.
        case bar
        /// What the link did not take is ended.
        case takingBack
    }

    /// Something that may be allowed to open the door.
    struct Right {
        var version = 0
        var hasEnded = false
        /// By the wall clock.
        var endsAt: Timestamp?
        /// Whoever ended it was told so.
        var isAcknowledged = false
    }

    /// What is known of an open beside what Devices has stored.
    struct Open {
        let right: Int
        /// Whether a Matter device stands for the lock.
        let hasOther: Bool
        var decidedOn = 0
        var isAsked = false
        /// When it was stored, in milliseconds that really passed.
        var storedAt: Int64?
        /// Its caller was told that nothing opens.
        var isDenied = false
        /// A device has said that it opened, and that is stored.
        var isDone = false
    }

    /// A thing at some revision.
    struct Remembered {
        var revision: Int
        let isCutOff: Bool
    }

    enum Link: CaseIterable { case up, down, lossy }

    static let lock: ThingName = "t", matter: ThingName = "u"

    let safeguards: Set<Safeguard>

    // What survives the process.
    var rights: [Right]
    var opens: [Open] = []
    var commands: [ActionID: PendingCommand] = [:]
    /// Ends of rights that nobody was told of yet: the outbox will see to them.
    var unfollowed: Set<Int> = []
    /// Raised by whoever writes what a decision about a thing rests on.
    var revisions: [ThingName: Int] = [:]
    /// The things that take no command: their hub is suspended, or they have changed hands.
    var cutOff: Set<ThingName> = []

    // What dies with it.
    /// The rights as Access remembers them. Others may have changed them since.
    var remembered: [Int: Right] = [:]
    /// The things as the link's holder remembers them.
    var memory: [ThingName: Remembered] = [:]
    var activities: [Int: Activity] = [:]
    var holders: [String: Int] = [:]
    /// How many requests are storing commands, by open.
    var underWay: [Int: Int] = [:]
    private var lastActivity = 0

    // The world.
    var elapsed: Int64 = 0
    var wall = Timestamp(milliseconds: 1_000_000_000)
    var link = Link.up
    /// Whether Access answers Devices.
    var knowsRights = true
    /// Whether Devices answers Access.
    var hearsEnds = true
    /// The commands that a device may have seen.
    var published: Set<ActionID> = []
    var violations: [String] = []
    /// What happened, for whoever reads of a violation.
    var story: [String] = []

    init(safeguards: Set<Safeguard>) {
        self.safeguards = safeguards
        rights = [Right(), Right(), Right(endsAt: wall + .seconds(12))]
    }

    /// The stored commands, in the same order in every telling.
    var stored: [PendingCommand] { commands.values.sorted { $0.action.text < $1.action.text } }

    func has(_ safeguard: Safeguard) -> Bool { safeguards.contains(safeguard) }

    var now: ClockReading {
        ClockReading(wall, uptime: has(.uptime) ? Uptime(boot: "b", milliseconds: elapsed + 1) : .unknown)
    }

    mutating func begin(_ kind: Activity.Kind) {
        lastActivity += 1
        activities[lastActivity] = Activity(kind)
        story.append("\(lastActivity): \(kind)")
    }

    /// Takes hold of a thing or an open for an activity; false while another holds it.
    mutating func hold(_ name: String, _ activity: Int, by safeguard: Safeguard) -> Bool {
        guard has(safeguard) else { return true }
        guard holders[name] ?? activity == activity else { return false }
        holders[name] = activity
        return true
    }

    mutating func release(_ activity: Int) { holders = holders.filter { $0.value != activity } }

    /// The process dies and is started again: what it was about is gone, and what it does at its start is begun.
    mutating func die() {
        activities = [:]
        holders = [:]
        underWay = [:]
        remembered = [:]
        memory = [:]
        for thing in [Self.lock, Self.matter] {
            begin(.expire(thing))
            begin(.offer(thing))
        }
        for right in unfollowed { begin(.end(right, isStored: true)) }
    }

    func stored(_ thing: ThingName) -> Remembered { Remembered(revision: revisions[thing] ?? 0, isCutOff: cutOff.contains(thing)) }

    /// The runner has written to a thing; what it remembers of it grows along, if it was true.
    mutating func note(writeTo thing: ThingName) {
        let known = memory[thing]
        revisions[thing, default: 0] += 1
        guard has(.revision), var known else { return }
        known.revision += 1
        memory[thing] = known.revision == revisions[thing] ? known : nil
    }

    // MARK: - What has to be true

    /// A command leaves for its device.
    mutating func publish(_ command: PendingCommand) {
        published.insert(command.action)
        story.append("published \(command.action)")
        guard let place = Int(command.whole.text), opens.indices.contains(place) else { return }
        let open = opens[place], right = rights[open.right]
        if right.isAcknowledged { violations.append("an open left after the end of its right was acknowledged") }
        if let endsAt = right.endsAt, wall >= endsAt { violations.append("an open left after its right had ended by itself") }
        if let storedAt = open.storedAt, elapsed - storedAt >= 30_000 { violations.append("an open left after its time") }
        if open.isDenied { violations.append("an open left after its caller was told that nothing opens") }
        if open.isDone { violations.append("an open left after the door had opened") }
    }
}
