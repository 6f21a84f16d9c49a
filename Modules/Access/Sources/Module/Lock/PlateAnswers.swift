import AccessContracts
import Application
import Kernel

/// Answers what a camera asks that has seen a car at a gate.
enum PlateAnswers {
    static func all(_ services: Services) -> [AskHandler] {
        [
            AskHandler(PlateRights.self) { question, _ in try await rights(question, services) },
            AskHandler(OpenForPlate.self) { question, context in try await open(question, context.trace, services) },
        ]
    }

    private static func rights(_ question: PlateRights, _ services: Services) async throws -> PlateRights.Reply {
        guard let lock = try await find(question.lock, services), lock.org == question.org else {
            return PlateRights.Reply(number: nil, uuid: nil, entitled: [], barred: [])
        }
        var entitled: [UserID] = [], barred: [UserID] = []
        for user in question.users {
            if try await lock.isBarred(user, services) {
                barred.append(user)
            } else if try await lock.isManaged(by: .user(user, email: nil), services) {
                entitled.append(user)
            }
        }
        return PlateRights.Reply(number: lock.number, uuid: lock.uuid.text, entitled: entitled, barred: barred)
    }

    private static func find(_ reference: String, _ services: Services) async throws -> Lock? {
        var number = Int(reference)
        if number == nil { number = try await services.holder(of: reference, kind: "lock-uuid").flatMap { Int($0) } }
        guard let number, number > 0 else { return nil }
        let snapshot = try await services.store.load(Lock.self, "\(number)")
        return snapshot.exists ? snapshot.state : nil
    }

    private static func open(_ question: OpenForPlate, _ trace: Trace, _ services: Services) async throws -> OpenForPlate.Reply {
        let open = OpenGate(
            lock: LockID(question.number), org: question.org, user: question.user, isListed: question.isListed,
            detection: question.detection, deadline: question.deadline)
        let request = Request(
            caller: question.isListed ? .key(org: question.org, isSuper: false) : .user(question.user, email: nil), trace: trace,
            attempt: Attempt(now: services.clock()))
        do {
            return OpenForPlate.Reply(action: try await services.execute(open, for: request).receipt?.action, reason: nil)
        } catch RequestError.refused(_, _, let message) {
            return OpenForPlate.Reply(action: nil, reason: message)
        } catch RequestError.deviceUnreachable(let message) {
            return OpenForPlate.Reply(action: nil, reason: message)
        } catch RequestError.deviceBusy(let message) {
            return OpenForPlate.Reply(action: nil, reason: message)
        } catch RequestError.fateUnknown(let action) {
            // It may have opened; the action tells.
            return OpenForPlate.Reply(action: action, reason: nil)
        }
    }
}
