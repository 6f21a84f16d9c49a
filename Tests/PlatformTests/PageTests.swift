import Kernel
import Testing
import WebPages

/// What all pages share.
@Suite struct PageTests {
    private let pages = PageTemplates(
        ["hello": Array("{{>head}}<body>{{name}}<script nonce=\"{{nonce}}\">{{{script}}}</script></body></html>".utf8)],
        style: Array("/* a comment */\n  p { color: red }\n".utf8))

    @Test func `whatever a page is given is escaped, in its head too`() {
        let hostile = "</title><script>alert('1')</script>\"&"
        let page = pages.render("hello", ["lang": "en", "title": hostile, "nonce": "n", "name": hostile])
        #expect(!page.contains("<script>alert") && !page.contains("</title><script"))
        #expect(page.contains("&lt;/title&gt;&lt;script&gt;"))
    }

    @Test func `styles and scripts are carried without what only readers of the source need`() {
        let script = Array("// why\nconst a = 1;\n\n    const b = 'http://x'; // stays\n".utf8)
        let page = pages.render("hello", ["nonce": "n"], script: script)
        #expect(page.contains("p { color: red }") && !page.contains("a comment"))
        #expect(page.contains("<script nonce=\"n\">const a = 1;\nconst b = 'http://x'; // stays</script>"))
    }

    @Test func `a cookie says where, how and how long it is sent`() {
        let session = Cookie("s", "v", path: "/a", isSecure: true)
        #expect(session.header == "s=v; Path=/a; HttpOnly; SameSite=Lax; Secure")
        let lasting = Cookie("lang", "el", path: "/", isSecure: false, isReadable: true, lifetime: .seconds(60))
        #expect(lasting.header == "lang=el; Path=/; SameSite=Lax; Max-Age=60")
    }

    @Test(arguments: [
        ("a;b", false), ("a b", false), ("a,b", false), ("a\"", false), ("a\\", false), ("é", false), ("a\r\nb", false), ("a.b-c_", true),
    ])
    func `what would end a cookie stands in none`(text: String, isAllowed: Bool) { #expect(Cookie.isValue(text) == isAllowed) }

    @Test func `a cookie is found by its whole name`() {
        let header = "spk_guest2=no; lang=el;spk_guest=a=b"
        #expect(Cookie.value(of: "spk_guest", in: header) == "a=b" && Cookie.value(of: "lang", in: header) == "el")
        #expect(Cookie.value(of: "guest", in: header) == nil && Cookie.value(of: "lang", in: nil) == nil)
    }

    @Test func `a page runs its own script and stands in no frame`() {
        let page = Response.page(200, "", nonce: "n", headers: ["Vary": "Cookie"])
        let policy = page.headers["Content-Security-Policy"] ?? ""
        #expect(policy.contains("script-src 'nonce-n'") && policy.contains("frame-ancestors 'none'") && page.headers["Vary"] == "Cookie")
        #expect(Response.page(200, "", nonce: nil).headers["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true)
    }
}
