import DevicesContracts
public import Kernel

/// How a simulated device answers.
public struct SimulatedBehaviour: Sendable, Equatable {
    /// From hearing a command to answering it.
    public var delay = Duration.milliseconds(5)
    /// Hears nothing and says nothing.
    public var isOffline = false
    /// Says every answer twice.
    public var saysTwice = false
    /// Answers with this error instead of doing it.
    public var refusal: String?
    public init() {}
}

/// A device as hubs present it: does each command once, ignores those that have expired, reports `lastCommand`.
///
/// A value: what it hears makes it answer; the link decides when the answer goes out.
public struct SimulatedThing: Sendable {
    public var behaviour = SimulatedBehaviour()
    /// The ids of commands that were carried out, in order; for an unlock, the times the door opened.
    public private(set) var done: [String] = []

    public init(_ behaviour: SimulatedBehaviour = SimulatedBehaviour()) { self.behaviour = behaviour }

    /// The shadow update that answers a message; nil when there is nothing to say.
    public mutating func hear(tail: String, _ payload: JSON, at now: Timestamp) -> JSON? {
        guard !behaviour.isOffline, let command = command(in: payload, tail), let id = command["message_id"]?.text else { return nil }
        if let expiry = command["expires_at"]?.text.flatMap(Timestamp.init(iso:)), expiry <= now { return nil }
        if behaviour.refusal == nil, !done.contains(id) { done.append(id) }
        let status = behaviour.refusal == nil ? "ok" : "error"
        let answer: JSON = [
            "message_id": .string(id), "command": command["command"], "status": .string(status),
            "error": behaviour.refusal.map(JSON.string),
            "at": .string(now.iso),
        ]
        return ["state": ["reported": ["lastCommand": answer]]]
    }

    private func command(in payload: JSON, _ tail: String) -> JSON? {
        let state: JSON? =
            switch tail {
            case "update/delta": payload["state"]
            case "get/accepted": payload["state"]?["desired"]
            default: nil
            }
        return state?["command"] == nil ? nil : state
    }
}
