import Application
import Kernel

/// The API as one page of HTML that needs nothing from elsewhere: no script, no font, no stylesheet.
struct DocsPage {
    let document: OpenAPIDocument

    var html: String {
        let modules = Dictionary(grouping: document.operations, by: \.module).sorted { $0.key < $1.key }
        let sections = modules.map { name, operations in
            "<section><h2 id=\"\(escaped(name))\">\(escaped(name.prefix(1).uppercased() + name.dropFirst()))</h2>"
                + operations.map { describe($0.operation) }.joined() + "</section>"
        }
        let links = modules.map { "<a href=\"#\(escaped($0.key))\">\(escaped($0.key))</a>" }.joined(separator: " ")
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>SmartphoneKey API</title>
            <meta name="viewport" content="width=device-width, initial-scale=1"><style>\(Self.style)</style></head><body><main>
            <h1>SmartphoneKey API</h1><p>The same as <a href="/openapi.json">openapi.json</a>, to be read. Errors have one body:
            <code>{success: false, error, message, errors: [{code, message}]}</code>. POSTs take an <code>Idempotency-Key</code>.</p>
            <nav>\(links)</nav>\(sections.joined())</main></body></html>
            """
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1b1f24;background:#fff}main{max-width:60rem;margin:0 auto;padding:1rem}
        details{border:1px solid #d0d7de;border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}summary{cursor:pointer}
        code{background:#f3f4f6;border-radius:4px;padding:.1rem .3rem}table{border-collapse:collapse;width:100%;margin:.5rem 0}
        td,th{border-top:1px solid #d0d7de;text-align:left;padding:.3rem \
        .5rem;vertical-align:top}.m{display:inline-block;min-width:4rem;font-weight:700}
        """

    private func describe(_ operation: Operation) -> String {
        let fields = operation.fields.map { field in
            "<tr><td><code>\(escaped(field.name))</code></td><td>\(field.place.rawValue)\(field.schema.isOptional ? "" : ", required")</td>"
                + "<td>\(escaped(field.note))</td><td><code>\(escaped(field.schema.json.encoded))</code></td></tr>"
        }.joined()
        let answers = operation.answers.map { "<tr><td>\($0.status)</td><td>\(escaped($0.note))</td></tr>" }.joined()
        return """
            <details><summary><span class="m">\(operation.method.rawValue)</span><code>\(escaped(operation.path))</code>
            \(escaped(operation.summary))</summary><p>Allowed: \(escaped(operation.rule)).</p>
            \(fields.isEmpty ? "" : "<table><tr><th>Field</th><th>Where</th><th>Meaning</th><th>Form</th></tr>\(fields)</table>")
            <table><tr><th>Answer</th><th>When</th></tr>\(answers)</table></details>
            """
    }

    private func escaped(_ text: some StringProtocol) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }
}
