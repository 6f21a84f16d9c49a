import AccessContracts
import Application
import Kernel

/// The page of a temporary key: its doors and how to open them, its period of validity, and its PIN while it is valid.
enum ShowGuestPage {
    static let operation = make("/temp-keys")
    static let collective = make("/collective-temp-keys")

    private static func make(_ prefix: String) -> Operation {
        Operation.page(
            .get, prefix + "/{uuid}", "Show the page of a temporary key",
            allow: .everybody("whoever has the link; a whitelist key shows its doors to its users only"),
            answers: [
                ResponseSpec(200, "The page, whatever the state of the key."),
                ResponseSpec(303, "A token from the address has become a cookie."),
                ResponseSpec(404, "There is no such key."),
            ],
            inputs: .init(
                .path("uuid", "The key."), .query("token", "A user's token; it is exchanged for a cookie."), .query("lang", "`en` or `el`.")
            )
        ) { (request: Request, services: Services, id: String, token: PageToken?, _: String?) in
            try await PageRenderer.page(request, services) { renderer in
                guard TempKey.ID.problem(with: id) == nil else { return renderer.trouble(404, .unknownKey) }
                let path = "\(prefix)/\(TempKey.ID(id))"
                if let token { return exchange(token.text, path, services.settings) }
                let key = try await services.store.load(TempKey.self, TempKey.ID(id).text).state
                guard key.exists else {
                    return renderer.trouble(try await UnknownLinks.note(request, services) == nil ? 404 : 429, .unknownKey)
                }
                return renderer.guest(try await page(key, path, renderer))
            }
        }
    }

    /// Moves the token from the address, where others could see it, into a cookie that scripts cannot read.
    private static func exchange(_ token: String, _ path: String, _ settings: SettingValues) -> Response {
        var response = Response(303, headers: ["Location": path], body: .empty)
        if Cookie.isValue(token) {
            response.cookies = [Cookie(Cookie.userToken, token, path: path, isSecure: settings.isPublicSecure)]
        }
        return response
    }

    private static func page(_ key: TempKey, _ path: String, _ renderer: PageRenderer) async throws -> GuestPage {
        var doors: [TempKey.Door] = [], isBarred = false
        for door in key.doors {
            let lock = try await renderer.services.store.load(Lock.self, door.lock.description).state
            guard key.isAlive(door, at: lock) else { continue }
            if let user = renderer.request.caller.user, try await lock.isBarred(user, renderer.services) { isBarred = true; continue }
            doors.append(door)
        }
        let own = state(of: key, for: renderer.request.caller.user, at: renderer.services.clock())
        let state = doors.isEmpty && own != .expired && own != .usedUp ? isBarred ? .forbidden : .revoked : own
        let pin = state == .valid ? try key.sealedPin.map { try Pin.open($0, for: key.id, renderer.services.vault).digits } : nil
        return GuestPage(
            language: renderer.language, state: state, path: path,
            doors: (doors.isEmpty ? key.doors : doors).map {
                GuestPage.Door(id: $0.id, label: $0.label, opensFromPage: $0.opensFromPage, acceptsPin: $0.acceptsPin)
            }, pin: pin,
            from: key.from, until: key.until,
            attempt: UUIDText.secret().text, nonce: renderer.nonce)
    }

    static func state(of key: TempKey, for user: UserID?, at now: Timestamp) -> GuestPage.State {
        switch key.status(at: now) {
        case .revoked: .revoked
        case .expired: .expired
        case .usedUp: .usedUp
        case .notYetValid: key.isFor(user) ? .notYetValid : .forbidden
        case .valid: key.isFor(user) ? .valid : .forbidden
        }
    }
}

/// A user's token in the address of a page. It is long because it is signed.
private struct PageToken: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 8_192 }
}
