import AccessContracts
import Application
import Kernel

/// Shows a guest the outcome of an open as the lock reported it, not only that a command was sent.
enum FollowFromPage {
    static let operation = make("/temp-keys")
    static let collective = make("/collective-temp-keys")

    private static func make(_ prefix: String) -> Operation {
        Operation.page(
            .get, prefix + "/{uuid}/confirmation", "Show what became of an open", allow: .everybody("whoever has the link"),
            answers: [ResponseSpec(200, "The page."), ResponseSpec(404, "There is no such key.")],
            inputs: .init(
                .path("uuid", "The key."), .query("door", "The door that was opened."), .query("offline", "Whether the lock was away."),
                .query("action", "The open to follow."), .query("lang", "`en` or `el`."))
        ) { (request: Request, services: Services, id: String, door: Count?, offline: String?, action: ActionID?, _: String?) in
            try await PageRenderer.page(request, services) { renderer in
                let key = try await services.store.load(TempKey.self, TempKey.ID(id).text).state
                guard key.exists else { return renderer.trouble(404, .unknownKey) }
                let opened = door.flatMap { key.door($0.number) }
                return renderer.opening(
                    OpeningPage(
                        language: renderer.language, back: "\(prefix)/\(id)", door: opened.map { $0.label ?? "\($0.id)" },
                        phase: try await phase(of: action, key, services), isOffline: offline == "true" || offline == "1",
                        nonce: renderer.nonce))
            }
        }
    }

    /// Returns the phase of an open. Only opens of the key's own doors are disclosed.
    private static func phase(of action: ActionID?, _ key: TempKey, _ services: Services) async throws -> OpeningPage.Phase {
        guard let action,
            let row = try await services.store.query("SELECT status, error, lock_id FROM access.actions WHERE action_id = \(action)").first,
            key.locks.contains(try row.read("lock_id"))
        else { return .sent }
        switch try row.read("status", as: ActionProgress.Status.self) {
        case .success: return .open
        case .error: return try row.find("error", as: JSON.self)?["type"] == "Expired" ? .silent : .failed
        case .pending: return .opening
        }
    }
}
