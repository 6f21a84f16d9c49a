import DevicesContracts
import Kernel

/// An arriving command with the stored facts about it and its thing; decides whether to accept it.
struct Arrival: Sendable {
    let ask: SendCommand
    /// The command of the same open that this one accompanies.
    let whole: PendingCommand?
    let stored: StoredThing
    /// The stored command with the same id.
    let known: PendingCommand?

    /// Maximum number of commands that wait for one thing; removals are exempt.
    static let maxWaiting = 1_000

    /// The thing of the Matter device to open as well.
    var matter: ThingName? { if case .unlock = ask.command { stored.matter } else { nil } }

    enum Verdict: Sendable, Equatable {
        /// Nothing is left to do, or nothing may be done.
        case reply(SendCommand.Reply.Outcome)
        /// The command is stored, but no delivery is known.
        case offerAgain(PendingCommand)
        /// - Parameter isAnew: whether it replaces a withdrawn command.
        case accept(PendingCommand, isAnew: Bool)
    }

    /// - Parameters:
    ///   - other: the other command of the same open.
    ///   - isDelivered: whether the command is known to have been delivered.
    func verdict(beside other: PendingCommand?, isLinkUp: Bool, isDelivered: Bool, _ context: AskContext, at now: ClockReading) -> Verdict {
        // The open may have ended before its second command arrived.
        guard whole == nil || other?.isOpen == true else { return .reply(.accepted) }
        if let known, !known.wasGivenUp(before: context) { return repeated(known, isDelivered, at: now) }
        guard known.map({ $0.thing == ask.thing }) ?? true, stored.owner.belongs(to: ask.org) else { return .reply(.foreign) }
        guard !stored.isOutOfService else { return .reply(.outOfService) }
        guard stored.commands.count < Self.maxWaiting || ask.command.isRemoval else { return .reply(.full) }
        let command = command(at: now)
        // The command's right or its lifetime ended before it arrived here.
        guard command.isLive(at: now) else { return .reply(.outdated) }
        guard isLinkUp else { return .reply(.unreachable) }
        return .accept(command, isAnew: known != nil)
    }

    private func repeated(_ known: PendingCommand, _ isDelivered: Bool, at now: ClockReading) -> Verdict {
        guard known.thing == ask.thing else { return .reply(.foreign) }
        if known.neverLeft { return .reply(.unreachable) }
        // A withdrawn command may have been sent before; its action reports the outcome.
        if known.stage == .withdrawn, !known.wasLate { return .reply(.unknown) }
        // The process that stored it may have died before publishing it; a device that has it recognises it by its message id.
        if known.stage == .accepted, !isDelivered, known.isLive(at: now) { return .offerAgain(known) }
        return .reply(.accepted)
    }

    /// Returns the command to store. It lives no longer than the right that it depends on.
    func command(at now: ClockReading) -> PendingCommand {
        let end = ask.lifetime.map { now.moment + .milliseconds($0) }
        return PendingCommand(
            action: ask.action, thing: ask.thing, shadow: ask.shadow, command: ask.command,
            expiresAt: whole?.expiresAt ?? [end, ask.premise?.endsAt].compactMap(\.self).min(), context: ask.context,
            org: ask.org ?? stored.owner.org, createdAt: whole?.createdAt ?? now.moment, stage: .accepted,
            uptime: whole?.uptime ?? now.uptime,
            premise: ask.premise, partOf: whole?.action ?? matter.map { _ in ask.action })
    }
}
