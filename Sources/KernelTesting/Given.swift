public import Application
public import Kernel
public import Testing

/// Folds a history into an aggregate, runs one command and compares its decision.
public struct Given<A: Aggregate>: Sendable {
    private var state = A()

    public init(_ history: A.Event...) { self.init(all: history) }
    public init(all history: [A.Event]) { for event in history { state.apply(event) } }

    public func when<C: Command>(_ command: C, at now: Timestamp = Timestamp(milliseconds: 0)) -> Decision<C>
    where C.Target == A, C.Facts == NoFacts {
        when(command, NoFacts(), at: now)
    }

    /// - Parameter facts: what the decision knows besides the aggregate.
    public func when<C: Command>(_ command: C, _ facts: C.Facts, at now: Timestamp = Timestamp(milliseconds: 0)) -> Decision<C>
    where C.Target == A {
        do throws(C.Refusal) { return .events(try command.decide(state, facts, at: now)) } catch { return .refused(error) }
    }

    /// Checks the state itself.
    public func then(_ check: (A) -> Bool, at place: SourceLocation = #_sourceLocation) { #expect(check(state), sourceLocation: place) }
}

/// The decision of a command.
public enum Decision<C: Command>: Sendable {
    case events([C.Target.Event]), refused(C.Refusal)

    /// Expects exactly these events; none means that nothing had to change.
    public func then(_ expected: C.Target.Event..., at place: SourceLocation = #_sourceLocation) {
        guard case .events(let events) = self else { Issue.record("\(self)", sourceLocation: place); return }
        #expect(events == expected, sourceLocation: place)
    }

    public func thenRefused(_ expected: C.Refusal, at place: SourceLocation = #_sourceLocation) {
        guard case .refused(let refusal) = self else { Issue.record("\(self)", sourceLocation: place); return }
        #expect(refusal == expected, sourceLocation: place)
    }
}
