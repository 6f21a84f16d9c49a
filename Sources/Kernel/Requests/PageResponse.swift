extension Response {
    /// Returns an HTML page that cannot be framed, sends no referrer and is not indexed.
    /// - Parameter nonce: the nonce of the page's own style and script, so that no other runs (Content Security Policy Level 3 §6.7.3); nil
    ///   for a page without script.
    public static func page(_ status: Int, _ html: String, nonce: String?, headers: [String: String] = [:]) -> Response {
        let policy =
            nonce.map { nonce in
                """
                default-src 'self'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; base-uri 'none'; form-action 'self'; \
                frame-ancestors 'none'
                """
            } ?? "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        let own = [
            "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "X-Frame-Options": "DENY",
        ]
        return Response(status, headers: own.merging(headers) { $1 }, body: .text(html, type: "text/html; charset=utf-8"))
    }
}
