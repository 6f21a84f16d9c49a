/// A language of pages.
public enum PageLanguage: String, Sendable, CaseIterable {
    case english = "en", greek = "el"

    /// The language requested now (`lang`), else requested earlier, else preferred by the browser, else English.
    public init(of request: Request) {
        self.init(query: request.query["lang"], cookie: request.cookie("lang"), accepted: request.header("accept-language"))
    }

    /// - Parameter accepted: `Accept-Language` (RFC 9110 §12.5.4).
    init(query: String?, cookie: String?, accepted: String?) {
        if let chosen = query.flatMap(PageLanguage.init(rawValue:)) ?? cookie.flatMap(PageLanguage.init(rawValue:)) {
            self = chosen
            return
        }
        let ranked = (accepted ?? "").split(separator: ",").enumerated().compactMap { place, entry -> (PageLanguage, Double, Int)? in
            let parts = entry.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            guard let tag = parts.first?.lowercased(), let language = PageLanguage(rawValue: String(tag.prefix { $0 != "-" })) else {
                return nil
            }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            return weight > 0 ? (language, weight, place) : nil
        }
        self = ranked.max { ($0.1, -$0.2) < ($1.1, -$1.2) }?.0 ?? .english
    }

    /// The cookie that keeps a language that a request has asked for; nil when it asks for none.
    public static func cookie(keeping request: Request, isSecure: Bool) -> Cookie? {
        request.query["lang"].flatMap(PageLanguage.init(rawValue:)).map { language in
            Cookie("lang", language.rawValue, path: "/", isSecure: isSecure, isReadable: true, lifetime: .seconds(365 * 86_400))
        }
    }
}
