import Kernel

/// Encodes and decodes the failures of asks that travel between processes.
enum WireFailure {
    private static let kinds: [(String, RefusalKind)] = [
        ("unknown", .unknown), ("invalid", .invalid), ("forbidden", .forbidden), ("conflict", .conflict),
        ("unprocessable", .unprocessable), ("tooLarge", .tooLarge), ("unsupportedEncoding", .unsupportedEncoding),
    ]

    static func text(of error: any Error) -> String {
        let json: JSON =
            switch error {
            case RequestError.refused(let kind, let code, let message):
                [
                    "refused": .string(kinds.first { $0.1 == kind }?.0 ?? "invalid"), "code": code.map(JSON.string),
                    "words": .string(message),
                ]
            case RequestError.deviceUnreachable(let message): ["unreachable": true, "words": .string(message)]
            case RequestError.upstreamFailed(let message): ["upstream": true, "words": .string(message)]
            case RequestError.notConfigured(let message): ["notConfigured": true, "words": .string(message)]
            case RequestError.unavailable(let message, _): ["unavailable": true, "words": .string(message)]
            case AskFailure.timedOut: ["timedOut": true]
            default: ["words": .string("\(error)")]
            }
        return json.encoded
    }

    static func read(_ text: String, name: String) -> any Error {
        let json = (try? JSON.parse(text)) ?? .null, message = json["words"]?.text ?? ""
        if let kind = json["refused"]?.text {
            return RequestError.refused(kinds.first { $0.0 == kind }?.1 ?? .invalid, code: json["code"]?.text, message: message)
        }
        if json["unreachable"] != nil { return RequestError.deviceUnreachable(message) }
        if json["upstream"] != nil { return RequestError.upstreamFailed(message) }
        if json["notConfigured"] != nil { return RequestError.notConfigured(message) }
        if json["unavailable"] != nil { return RequestError.unavailable(message, retryAfter: .seconds(2)) }
        if json["timedOut"] != nil { return AskFailure.timedOut(name: name) }
        return AskFailure.failed(name: name, message: message)
    }
}
