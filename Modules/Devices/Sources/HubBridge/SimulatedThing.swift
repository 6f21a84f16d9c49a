import DevicesContracts
public import Kernel

/// How a simulated device answers.
public struct SimulatedBehaviour: Sendable, Equatable {
    /// Time from receiving a command to answering it.
    public var delay = Duration.milliseconds(5)
    /// Receives nothing and sends nothing.
    public var isOffline = false
    /// Sends every answer twice.
    public var saysTwice = false
    /// Answers with this error instead of carrying out the command.
    public var refusal: String?
    public init() {}
}

/// A device as hubs present it: carries out each command once, ignores expired commands, and reports `lastCommand`.
///
/// A value type: `hear` returns the answer, and the link decides when to send it.
public struct SimulatedThing: Sendable {
    public var behaviour = SimulatedBehaviour()
    /// The ids of the commands that were carried out, in order; for an unlock, each entry is one opening of the door.
    public private(set) var done: [String] = []

    public init(_ behaviour: SimulatedBehaviour = SimulatedBehaviour()) { self.behaviour = behaviour }

    /// Returns the shadow update that answers a message; nil if there is no answer.
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
