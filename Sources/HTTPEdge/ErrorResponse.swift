import Kernel

/// Errors in the contract's form: one body that satisfies all its error shapes.
enum ErrorResponse {
    static func response(for error: any Error) -> Response {
        switch error {
        case let failure as RequestError: response(for: failure)
        case AskFailure.timedOut(let name):
            make(503, "Unavailable", "A part of the system did not answer in time (\(name)).", retryAfter: .seconds(2))
        case AskFailure.failed: make(503, "Unavailable", "A part of the system could not answer.", retryAfter: .seconds(2))
        case is UnknownEvent: make(503, "Unavailable", "This needs a newer version of the service.", retryAfter: .seconds(5))
        case is EventDecodingError:
            make(503, "Unavailable", "What is stored cannot be read; the request id helps us find it.", retryAfter: .seconds(60))
        case CommitFailure.duplicate: make(409, "Conflict", "Such a thing exists already.")
        case is CommitFailure: make(503, "Unavailable", "Too many changes at once.", retryAfter: .seconds(1))
        default: make(500, "InternalError", "Something went wrong on our side; the request id helps us find it.")
        }
    }

    private static func response(for failure: RequestError) -> Response {
        switch failure {
        case .problems(let problems): return make(400, problems)
        case .unauthenticated(let message): return make(401, "Unauthorized", message)
        case .refused(let kind, let code, let message): return make(kind.status, code ?? word(for: kind), message)
        case .idempotencyConflict(let message, let retryAfter): return make(409, "Conflict", message, retryAfter: retryAfter)
        case .deviceUnreachable(let message): return make(502, "DeviceUnreachable", message)
        case .unavailable(let message, let retryAfter): return make(503, "Unavailable", message, retryAfter: retryAfter)
        case .notConfigured(let message): return make(503, "NotConfigured", message)
        case .outcomeUnknown:
            return make(
                503, "OutcomeUnknown",
                "The database went away while storing: the effect may have happened. Repeat with the same Idempotency-Key.",
                retryAfter: .seconds(2))
        case .fateUnknown(let action):
            var response = make(
                503, "OutcomeUnknown", "The command may have reached the device or not. GET /actions/\(action) tells what becomes of it.",
                retryAfter: .seconds(5))
            response.headers["X-Action-Id"] = action.text
            return response
        case .deviceBusy(let message): return make(429, "TooManyRequests", message, retryAfter: .seconds(30))
        case .invalidPin: return make(401, "Invalid PIN", "Invalid PIN")
        case .upstreamFailed(let message): return make(502, "UpstreamError", message)
        case .sideEffectFailed(let message): return make(500, "SideEffectError", message)
        case .tooManyRequests(let retryAfter): return make(429, "TooManyRequests", "Too many requests; wait.", retryAfter: retryAfter)
        }
    }

    private static func word(for kind: RefusalKind) -> String {
        switch kind {
        case .unknown: "NotFound"
        case .invalid: "BusinessRuleViolation"
        case .forbidden: "Forbidden"
        case .conflict: "Conflict"
        case .unprocessable: "BusinessRuleViolation"
        case .tooLarge: "ContentTooLarge"
        case .unsupportedEncoding: "UnsupportedMediaType"
        }
    }

    static func make(_ status: Int, _ code: String, _ message: String, retryAfter: Duration? = nil) -> Response {
        let headers = retryAfter.map { ["Retry-After": String(max(1, $0.milliseconds / 1000))] } ?? [:]
        return .json(status, body(code, message, [(status, message)]), headers: headers)
    }

    private static func make(_ status: Int, _ problems: [Problem]) -> Response {
        let messages = problems.map { "\($0.field) \($0.reason)" }
        return .json(status, body("ValidationError", messages.joined(separator: "; "), messages.map { (status, $0) }))
    }

    private static func body(_ code: String, _ message: String, _ errors: [(Int, String)]) -> JSON {
        [
            "success": false, "error": .string(code), "message": .string(message),
            "errors": .array(errors.map { ["code": .int(Int64($0.0)), "message": .string($0.1)] }),
        ]
    }
}
