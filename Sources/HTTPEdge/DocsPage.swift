import Application
import Kernel
import WebPages

/// The API as one HTML page that loads nothing from elsewhere and runs no script.
struct DocsPage {
    let document: OpenAPIDocument

    private static let templates = PageTemplates(["docs": PackageResources.docs_mustache], style: PackageResources.docs_css)

    var html: String {
        let modules = Dictionary(grouping: document.operations, by: \.module).sorted { $0.key < $1.key }
        return Self.templates.render(
            "docs",
            [
                "lang": "en", "title": "SmartphoneKey API", "nonce": "",
                "modules": modules.map { name, operations in
                    [
                        "name": name, "heading": name.prefix(1).uppercased() + name.dropFirst(),
                        "operations": operations.map { values(of: $0.operation) },
                    ] as [String: any Sendable]
                },
            ])
    }

    private func values(of operation: Operation) -> [String: any Sendable] {
        var values: [String: any Sendable] = [
            "method": operation.method.rawValue, "path": operation.path, "summary": operation.summary, "rule": operation.rule,
            "answers": operation.answers.map { ["status": "\($0.status)", "note": $0.note] },
        ]
        guard !operation.fields.isEmpty else { return values }
        values["fields"] = ["rows": operation.fields.map(row)]
        return values
    }

    private func row(_ field: FieldDoc) -> [String: String] {
        [
            "name": field.name, "place": field.place.rawValue + (field.schema.isOptional ? "" : ", required"), "note": field.note,
            "form": field.schema.json.encoded,
        ]
    }
}
