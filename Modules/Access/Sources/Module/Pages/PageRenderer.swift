import AccessContracts
import Application
import Kernel

/// What all guest pages share: their language, their headers, and the request that identifies the viewer.
struct PageRenderer {
    let request: Request
    let services: Services
    let language: PageLanguage
    let nonce: String
    private let pages: GuestPages

    init(_ request: Request, _ services: Services) throws {
        self.request = request
        self.services = services
        pages = try services.port()
        language = PageLanguage(of: request)
        nonce = UUIDText(digest: services.vault.random(16)).text
    }

    func guest(_ page: GuestPage) -> Response { html(200, pages.guest(page)) }
    func opening(_ page: OpeningPage) -> Response { html(200, pages.opening(page)) }
    func trouble(_ status: Int, _ trouble: TroublePage.Trouble) -> Response {
        html(status, pages.trouble(TroublePage(language: language, trouble: trouble, nonce: nonce)))
    }

    /// Renders a page. Errors are answered with a page too.
    static func page(_ request: Request, _ services: Services, _ body: (PageRenderer) async throws -> Response) async throws -> Response {
        let renderer = try PageRenderer(request, services)
        do { return try await body(renderer) } catch {
            services.log.error("A page could not be made", ["error": "\(error)"])
            return renderer.trouble(500, .ourFault)
        }
    }

    private func html(_ status: Int, _ text: String) -> Response {
        var response = Response.page(
            status, text, nonce: nonce, headers: ["Content-Language": language.rawValue, "Vary": "Accept-Language, Cookie"])
        response.cookies = [PageLanguage.cookie(keeping: request, isSecure: services.settings.isPublicSecure)].compactMap(\.self)
        return response
    }
}
