import AccessContracts
import Application
import Kernel
import KernelTesting
import Testing

@testable import Access

@Suite struct LanguageTests {
    @Test(
        arguments: [
            (nil, nil, nil, .english), ("el", nil, nil, .greek), ("el", "en", "en", .greek), (nil, "el", "en", .greek),
            ("xx", nil, "el", .greek),
            (nil, nil, "el-GR,el;q=0.9,en;q=0.8", .greek),
            (nil, nil, "de, en;q=0.5, el;q=0.7", .greek), (nil, nil, "de", .english), (nil, nil, "en, el", .english),
            (nil, nil, "el;q=0", .english),
            (nil, nil, "nonsense;;;q=x", .english),
        ] as [(String?, String?, String?, PageLanguage)])
    func `a page speaks what the guest asked for or prefers`(query: String?, cookie: String?, accepted: String?, language: PageLanguage) {
        let headers = [("cookie", cookie.map { "lang=\($0)" }), ("accept-language", accepted)].compactMap { name, value in
            value.map { (name: name, value: $0) }
        }
        var request = Request(headers: Headers(headers), attempt: Attempt(now: Timestamp(milliseconds: 0)))
        if let query { request.query = ["lang": query] }
        #expect(PageLanguage(of: request) == language)
    }

    @Test func `cookies are found by their whole name`() {
        let request = Request(headers: ["cookie": "xlang=en; lang=el; other=1"], attempt: Attempt(now: Timestamp(milliseconds: 0)))
        #expect(request.cookie("lang") == "el" && request.cookie("ang") == nil)
    }
}
