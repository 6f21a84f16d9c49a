public import DevicesContracts
public import Kernel
import Synchronization

/// A link without a broker that simulates every thing in the process. For development and tests.
public final class InProcessLink: Sendable {
    private struct State {
        var things: [ThingName: SimulatedThing] = [:]
        var receive: (@Sendable (HubLink.Inbound) -> Bool)?
        var isDown = false
        var usual = SimulatedBehaviour()
    }
    private let state = Mutex(State())
    private let clock: @Sendable () -> Timestamp

    public init(_ behaviour: SimulatedBehaviour = SimulatedBehaviour(), clock: @escaping @Sendable () -> Timestamp) {
        self.clock = clock
        state.withLock { $0.usual = behaviour }
    }

    /// Sets the behaviour of one thing.
    public func set(_ thing: ThingName, _ behaviour: SimulatedBehaviour) {
        state.withLock { state in
            state.things[thing, default: SimulatedThing(behaviour)].behaviour = behaviour
        }
    }

    /// Takes the link down or up.
    public func set(isDown: Bool) { state.withLock { $0.isDown = isDown } }

    /// Returns the ids of the commands that a thing has carried out.
    public func done(_ thing: ThingName) -> [String] { state.withLock { $0.things[thing]?.done ?? [] } }

    public var port: HubLink {
        HubLink(
            listen: { [self] receive in
                state.withLock { $0.receive = receive }
                _ = receive(.connected)
                while true { try await Task.sleep(for: .seconds(3_600)) }
            },
            publish: { [self] in try publish($0) }, isUp: { [self] in state.withLock { !$0.isDown } })
    }

    private func publish(_ message: HubLink.Outbound) throws -> HubLink.Delivery {
        guard message.tail == "update/delta" || message.tail == "get/accepted", let payload = try? JSON.parse(message.payload, depth: 64)
        else {
            if state.withLock({ $0.isDown }) { throw HubLink.Down() }
            return .taken
        }
        let (answer, behaviour, receive) = try state.withLock { state in
            if state.isDown { throw HubLink.Down() }
            var thing = state.things[message.thing] ?? SimulatedThing(state.usual)
            defer { state.things[message.thing] = thing }
            return (thing.hear(tail: message.tail, payload, at: clock()), thing.behaviour, state.receive)
        }
        if let answer, let receive {
            Task {
                try await Task.sleep(for: behaviour.delay)
                for _ in 0..<(behaviour.saysTwice ? 2 : 1) {
                    _ = receive(.shadow(message.thing, shadow: message.shadow, verb: .update, payload: answer.bytes))
                }
            }
        }
        return behaviour.isOffline ? .unheard : .taken
    }
}
