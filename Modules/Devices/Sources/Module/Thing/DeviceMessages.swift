import Application
import DevicesContracts
import Kernel

/// Handles what things send: shadow requests, acknowledgements, presence. Nothing is acknowledged before it is stored.
extension ThingRunner {
    /// Maximum payload size in bytes: the limit of AWS IoT.
    private static let longestPayload = 128 << 10

    private static let trace = Trace(correlation: "device", causation: nil)

    func receive(_ inbound: HubLink.Inbound) async throws {
        switch inbound {
        case .presence(let thing, let sign): try await note(thing, sign)
        case .shadow(let thing, let shadow, let verb, let payload):
            var token: JSON?
            do {
                let request = try Self.request(in: payload)
                token = try Shadow.token(of: request)
                _ = try await perform(verb, request, of: thing, shadow, from: nil, Self.trace)
            } catch let rejection as Shadow.Rejection {
                await reject(rejection, verb, token, thing, shadow)
            }
        case .connected: break
        }
    }

    /// Reads a payload; an empty one is a request without members.
    private static func request(in payload: [UInt8]) throws(Shadow.Rejection) -> JSON {
        guard payload.count <= longestPayload else { throw .tooLarge }
        guard !payload.isEmpty else { return [:] }
        guard let request = try? JSON.parse(payload, depth: 32), request.members != nil else {
            throw String(validating: payload, as: UTF8.self) == nil ? .badEncoding : .malformed
        }
        return request
    }

    /// Rejects a request for which there is no room now. Its token is read from a small payload only.
    func rejectBusy(_ inbound: HubLink.Inbound) async {
        guard case .shadow(let thing, let shadow, let verb, let payload) = inbound else { return }
        let request = payload.count <= 2 * Shadow.largest ? try? Self.request(in: payload) : nil
        await reject(.busy, verb, request.flatMap { try? Shadow.token(of: $0) }, thing, shadow)
    }

    /// Sends a thing the reason why its request was rejected. A lost rejection is not repeated; the thing asks again.
    func reject(_ rejection: Shadow.Rejection, _ verb: HubLink.Verb, _ token: JSON?, _ thing: ThingName, _ shadow: String?) async {
        let payload: JSON = [
            "code": .int(Int64(rejection.code)), "message": .string(rejection.message), "timestamp": .int(services.clock().seconds),
            "clientToken": token,
        ]
        _ = try? await publish(Shadow.Publication(tail: "\(verb.rawValue)/rejected", payload: payload), about: nil, thing, shadow)
    }

    /// Stores the newest sign of life, except for a last will that was registered before it.
    private func note(_ thing: ThingName, _ sign: HubLink.SignOfLife) async throws {
        try await withThing(thing) {
            let last = try PresenceRow(try await services.store.query(ThingTables.presence(thing)).first)
            guard last.admits(sign) else { return }
            _ = try await services.store.run([ThingTables.putPresence(thing, sign, after: last, at: services.clock())])
            memory.forget(thing)
            if sign.isOnline { try await offerAgain(thing) }
        }
    }

    /// Offers all unanswered commands again, after a start and when the link was down: a command may never have been sent, or its answer
    /// may have been lost with the process that received it. A device that has carried it out recognises the message id and answers again.
    func offerUnanswered() async throws {
        var last = ""
        while true {
            let things = try await services.store.query(PendingCommand.unanswered(after: last)).map {
                try $0.read("thing", as: String.self)
            }
            for name in things {
                guard link.isUp() else { throw HubLink.Down() }
                do { try await withThing(ThingName(name)) { try await offerAgain(ThingName(name)) } } catch let error
                    where !(error is RequestError || error is CancellationError)
                {
                    services.log.error("What waits for a thing could not be offered again", ["thing": name, "error": "\(error)"])
                }
            }
            guard let end = things.last else { return }
            last = end
        }
    }

    private func offerAgain(_ thing: ThingName) async throws {
        for shadow in PendingCommand.shadows { try await handle(.offerAgain, of: thing, shadow, Self.trace) }
    }
}

extension Shadow.Publication {
    var isDelta: Bool { tail == "update/delta" }

    /// Returns the same message with the shown command's remaining time; the shadow holds the time that remained when it was offered.
    func counting(down command: PendingCommand?, at now: ClockReading) -> Shadow.Publication {
        guard let left = command?.left(at: now), var payload = payload.members, var state = payload["state"]?.members else { return self }
        if state["ttl_ms"] != nil { state["ttl_ms"] = .int(left.milliseconds) }
        for part in ["desired", "delta"] {
            guard var command = state[part]?.members, command["ttl_ms"] != nil else { continue }
            command["ttl_ms"] = .int(left.milliseconds)
            state[part] = .object(command)
        }
        payload["state"] = .object(state)
        return Shadow.Publication(tail: tail, payload: .object(payload))
    }
}
