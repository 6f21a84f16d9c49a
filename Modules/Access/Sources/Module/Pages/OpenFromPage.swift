import Application
import Kernel

/// Opens a door from the page of a key and redirects the browser to the page that follows the open.
enum OpenFromPage {
    static let first = Operation.page(
        .post, "/temp-keys/{uuid}/open", "Open the first door of a temporary key that its page may open", allow: .everybody(allowed),
        answers: answers,
        inputs: .init(.path("uuid", "The key."))
    ) { (request: Request, services: Services, id: TempKey.ID) in
        try await open(id, nil, "/temp-keys", request, services)
    }

    static let door = make("/temp-keys")
    static let collective = make("/collective-temp-keys")

    private static func make(_ prefix: String) -> Operation {
        Operation.page(
            .post, prefix + "/{uuid}/doors/{doorId}/open", "Open a door of a temporary key", allow: .everybody(allowed), answers: answers,
            inputs: .init(.path("uuid", "The key."), .path("doorId", "The door's number within the key."))
        ) { (request: Request, services: Services, id: TempKey.ID, door: Count) in
            try await open(id, door.number, prefix, request, services)
        }
    }

    private static let allowed = "whoever has the link; of a whitelist key its users"
    private static let answers =
        [ResponseSpec(303, "The command was taken; the page follows the open.")] + ResponseSpec.all(of: GuestRefusal.self)
        + [ResponseSpec(500, "The device did not take the command.")]

    private static func open(_ id: TempKey.ID, _ door: Int?, _ prefix: String, _ request: Request, _ services: Services) async throws
        -> Response
    {
        let opened: GuestOpening.Opened
        do { opened = try await GuestOpening(services: services, request: request).open(id, door: door) } catch let refusal as RequestError
            where refusal == RequestError(GuestRefusal.noSuchKey)
        {
            if let wait = try await UnknownLinks.note(request, services) {
                throw RequestError.tooManyRequests(retryAfter: wait + .milliseconds(999))
            }
            throw refusal
        } catch RequestError.fateUnknown(let action) {
            // Redirect all the same: the page reports what the lock says.
            let key = try await services.store.load(TempKey.self, id.text).state
            let place = door ?? key.firstDoorOfPage?.id ?? 1
            return Response(
                303, headers: ["Location": "\(prefix)/\(id)/confirmation?door=\(place)&action=\(action)", "X-Action-Id": action.text],
                body: .empty)
        }
        let offline = opened.isOffline ? "&offline=true" : ""
        let location = "\(prefix)/\(id)/confirmation?door=\(opened.door.id)&action=\(opened.action)\(offline)"
        return Response(303, headers: ["Location": location, "X-Action-Id": opened.action.text], body: .empty)
    }
}
