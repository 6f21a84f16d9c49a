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
        language = Self.language(query: request.query["lang"], cookie: request.cookie("lang"), accepted: request.header("accept-language"))
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
        var headers = ["Content-Language": language.rawValue, "Vary": "Accept-Language, Cookie"]
        if request.query["lang"].flatMap(PageLanguage.init(rawValue:)) != nil {
            let year = Duration.seconds(365 * 86_400)
            headers["Set-Cookie"] =
                Cookie("lang", language.rawValue, path: "/", isSecure: services.settings.isPublicSecure, isReadable: true, lifetime: year)
                .header
        }
        return .page(status, text, nonce: nonce, headers: headers)
    }

    /// Returns the language requested now, else requested earlier, else preferred by the browser (RFC 9110 §12.5.4), else English.
    static func language(query: String?, cookie: String?, accepted: String?) -> PageLanguage {
        if let chosen = query.flatMap(PageLanguage.init(rawValue:)) ?? cookie.flatMap(PageLanguage.init(rawValue:)) { return chosen }
        let ranked = (accepted ?? "").split(separator: ",").enumerated().compactMap { place, entry -> (PageLanguage, Double, Int)? in
            let parts = entry.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            guard let tag = parts.first?.lowercased(), let language = PageLanguage(rawValue: String(tag.prefix { $0 != "-" })) else {
                return nil
            }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return weight > 0 ? (language, weight, place) : nil
        }
        return ranked.max { ($0.1, -$0.2) < ($1.1, -$1.2) }?.0 ?? .english
    }
}
