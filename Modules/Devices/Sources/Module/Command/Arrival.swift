import DevicesContracts
import Kernel

/// A command that has come for a thing, with what is known of both: whether it is carried out.
struct Arrival: Sendable {
    let ask: SendCommand
    /// The command beside which this one is sent, of the same open.
    let whole: PendingCommand?
    let owner: ThingOwner
    /// Nil while the thing has never said.
    let isOnline: Bool?
    /// The command of the same id that is stored already.
    let known: PendingCommand?
    /// The thing of the Matter device that is to open too; looked for only where something is to open.
    let matter: ThingName?
    /// How many commands wait for the thing.
    let waiting: Int

    /// How many commands may wait for one thing; removals always may.
    static let mostWaiting = 1_000

    enum Verdict: Sendable, Equatable {
        /// Nothing is to be done any more, or nothing may be.
        case reply(SendCommand.Reply.Outcome)
        /// It is stored, and nobody is known to have heard it.
        case offerAgain(PendingCommand)
        /// - Parameter isAnew: whether it takes the place of one that was taken back.
        case accept(PendingCommand, isAnew: Bool)
    }

    /// - Parameters:
    ///   - other: the other command of the same open.
    ///   - isDelivered: whether somebody is known to have heard the command.
    func verdict(beside other: PendingCommand?, isLinkUp: Bool, isDelivered: Bool, _ context: AskContext, at now: ClockReading) -> Verdict {
        // The open may have ended before its second command came.
        guard whole == nil || other?.isOpen == true else { return .reply(.accepted) }
        if let known, !known.wasGivenUp(before: context) { return repeated(known, isDelivered, at: now) }
        guard known.map({ $0.thing == ask.thing }) ?? true, owner.belongs(to: ask.org) else { return .reply(.foreign) }
        guard waiting < Self.mostWaiting || ask.command.isRemoval else { return .reply(.full) }
        let command = command(at: now)
        // Its right has ended, or its life, while it was on its way here.
        guard command.isLive(at: now) else { return .reply(.outdated) }
        guard isLinkUp else { return .reply(.unreachable) }
        return .accept(command, isAnew: known != nil)
    }

    private func repeated(_ known: PendingCommand, _ isDelivered: Bool, at now: ClockReading) -> Verdict {
        guard known.thing == ask.thing else { return .reply(.foreign) }
        if known.neverLeft { return .reply(.unreachable) }
        // What was taken back may have left before: its action tells.
        if known.stage == .withdrawn, !known.wasLate { return .reply(.unknown) }
        // The process that stored it may have died before it went out; a device that has it knows it by its message id.
        if known.stage == .accepted, !isDelivered, known.isLive(at: now) { return .offerAgain(known) }
        return .reply(.accepted)
    }

    /// The command as it is to be stored. It lives no longer than the right that it rests on.
    func command(at now: ClockReading) -> PendingCommand {
        let end = ask.lifetime.map { now.moment + .milliseconds($0) }
        return PendingCommand(
            action: ask.action, thing: ask.thing, shadow: ask.shadow, command: ask.command,
            expiresAt: whole?.expiresAt ?? [end, ask.premise?.endsAt].compactMap(\.self).min(), context: ask.context,
            org: ask.org ?? owner.org, createdAt: whole?.createdAt ?? now.moment, stage: .accepted, uptime: whole?.uptime ?? now.uptime,
            premise: ask.premise, partOf: whole?.action ?? matter.map { _ in ask.action })
    }
}
