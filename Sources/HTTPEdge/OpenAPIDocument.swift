public import Application
public import Kernel

/// The OpenAPI 3.1 document of a set of operations, and the gateway's view of them.
public struct OpenAPIDocument: Sendable {
    let operations: [(module: String, operation: Operation)]
    let publicURL: String

    /// - Parameter operations: all operations, including those that another process executes.
    public init(_ operations: [(module: String, operation: Operation)], publicURL: String) {
        self.operations = operations
        self.publicURL = publicURL
    }

    public var json: JSON {
        var paths: JSON.Object = [:]
        for (module, operation) in operations {
            var path = paths[operation.path]?.members ?? [:]
            path[operation.method.rawValue.lowercased()] = describe(operation, module)
            paths[operation.path] = .object(path)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "SmartphoneKey API", "version": "1.0.0",
                "description": "Access control for buildings: locks, keys, people, hubs, cameras and partners.",
            ],
            "servers": [["url": .string(publicURL)]], "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "BearerAuth": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
                    "ApiKeyAuth": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
                    "SignatureAuth": [
                        "type": "apiKey", "in": "header", "name": "Authorization",
                        "description":
                            "AWS Signature Version 4 for the service iotdata, made with the pair of `spkey api-key create --aws`.",
                    ],
                    "AdminKeyAuth": ["type": "apiKey", "in": "header", "name": "X-Admin-API-Key"],
                ],
                "schemas": ["Error": Self.error.json],
            ],
        ]
    }

    private static let error = Schema.object([
        "success": .constant(false), "error": .string.described("A stable word."),
        "message": .string.described("What happened, for people."),
        "errors": .list(of: .object(["code": .integer, "message": .string])),
    ])

    private func describe(_ operation: Operation, _ module: String) -> JSON {
        var object: JSON.Object = [
            "operationId": .string(Self.identifier(operation)), "summary": .string(operation.summary), "tags": [.string(module)],
            "description": .string("Allowed: \(operation.rule)."), "security": Self.security(operation.credentials),
            "responses": .object(responses(operation)),
        ]
        let parameters = operation.fields.filter { $0.place != .body } + (operation.method == .post ? [Self.idempotencyKey] : [])
        if !parameters.isEmpty { object["parameters"] = .array(parameters.map(Self.parameter)) }
        let body = operation.fields.filter { $0.place == .body }
        if !body.isEmpty {
            let isRequired = body.contains { !$0.schema.isOptional }
            object["requestBody"] = ["required": .bool(isRequired), "content": ["application/json": ["schema": body.schema.json]]]
        }
        return .object(object)
    }

    private static let idempotencyKey = FieldDoc(
        name: "Idempotency-Key", place: .header, note: "Makes a repeat within 24 hours harmless: it gets the first answer.",
        schema: Schema.string.limited(min: 1, max: 255).optional)

    private static func identifier(_ operation: Operation) -> String {
        operation.method.rawValue.lowercased() + "_"
            + operation.path.split(separator: "/").map { $0.filter { $0 != "{" && $0 != "}" } }.joined(separator: "_")
    }

    private static func parameter(_ field: FieldDoc) -> JSON {
        [
            "name": .string(field.name), "in": .string(field.place.rawValue), "required": .bool(!field.schema.isOptional),
            "description": .string(field.note), "schema": field.schema.json,
        ]
    }

    private static func security(_ credentials: Credentials) -> JSON {
        switch credentials {
        case .client: [["BearerAuth": []], ["ApiKeyAuth": []]]
        case .clientOrStaff: [["BearerAuth": []], ["ApiKeyAuth": []], ["AdminKeyAuth": [], "BearerAuth": []]]
        case .apiKey: [["ApiKeyAuth": []]]
        case .keyOrSignature: [["ApiKeyAuth": []], ["SignatureAuth": []]]
        case .token: [["BearerAuth": []]]
        case .staffOrKey: [["ApiKeyAuth": []], ["AdminKeyAuth": [], "BearerAuth": []]]
        case .staff: [["AdminKeyAuth": [], "BearerAuth": []]]
        case .optional: [[:], ["BearerAuth": []], ["ApiKeyAuth": []]]
        }
    }

    private func responses(_ operation: Operation) -> JSON.Object {
        var all = operation.answers + [ResponseSpec(400, "The request is not well formed; every problem is listed."), .unavailable]
        if operation.credentials != .optional {
            all += [ResponseSpec(401, "Credentials are missing or not valid."), ResponseSpec(403, "Only \(operation.rule) may do this.")]
        }
        var responses: JSON.Object = [:]
        for (status, group) in Dictionary(grouping: all, by: \.status).sorted(by: { $0.key < $1.key }) {
            var notes: [String] = []
            for answer in group where !notes.contains(answer.note) { notes.append(answer.note) }
            let schema = status >= 400 ? JSON.object(["$ref": "#/components/schemas/Error"]) : group.compactMap(\.schema).first?.json
            responses["\(status)"] = [
                "description": .string(notes.joined(separator: " ")), "content": schema.map { ["application/json": ["schema": $0]] },
            ]
        }
        return responses
    }
}
