import Kernel

/// How the events of key grants are stored.
extension KeyGrant {
    static func wire(_ event: Event, in state: KeyGrant, at now: Moment) -> WireEvent {
        switch event {
        case .granted(let terms, let isOnDevice, let run):
            WireEvent("KeyGranted", ["terms": (try? JSON(encoding: terms)) ?? .null, "isOnDevice": .bool(isOnDevice), "run": run.json])
        case .barred(let run): WireEvent("KeyHolderBarred", ["run": run.json])
        case .admitted: WireEvent("KeyHolderAdmitted", [:])
        case .moveIntended(let isOnDevice, let attempt): WireEvent("KeyMoveIntended", ["isOnDevice": .bool(isOnDevice), "attempt": attempt.json])
        case .moveSent(let attempt): WireEvent("KeyMoveSent", ["attempt": attempt.json])
        case .moveDone(let attempt): WireEvent("KeyMoveDone", ["attempt": attempt.json])
        case .moveFailed(let attempt, let at): WireEvent("KeyMoveFailed", ["attempt": attempt.json, "at": .int(at.milliseconds)])
        case .revoked: WireEvent("KeyGrantRevoked", [:])
        }
    }

    static func event(from stored: StoredEvent) -> Event? {
        let data = stored.wire.data, attempt = Int(data["attempt"]?.integer ?? 0), isOnDevice = data["isOnDevice"]?.boolean ?? false
        let run = WorkflowID(data["run"]?.text ?? "")
        switch stored.wire.type {
        case "KeyGranted": return (try? data["terms"]?.decoded(as: Terms.self)).map { .granted($0, isOnDevice: isOnDevice, run: run) }
        case "KeyHolderBarred": return .barred(run: run)
        case "KeyHolderAdmitted": return .admitted
        case "KeyMoveIntended": return .moveIntended(onto: isOnDevice, attempt: attempt)
        case "KeyMoveSent": return .moveSent(attempt: attempt)
        case "KeyMoveDone": return .moveDone(attempt: attempt)
        case "KeyMoveFailed": return .moveFailed(attempt: attempt, at: Moment(milliseconds: data["at"]?.integer ?? 0))
        case "KeyGrantRevoked": return .revoked
        default: return nil
        }
    }
}
