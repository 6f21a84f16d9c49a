import Kernel

/// How failures of an ask travel between processes.
enum WireFailure {
    private static let kinds: [(String, RefusalKind)] = [
        ("unknown", .unknown), ("invalid", .invalid), ("forbidden", .forbidden), ("conflict", .conflict),
    ]

    static func text(of error: any Error) -> String {
        let json: JSON =
            switch error {
            case Failure.refused(let kind, let code, let words):
                ["refused": .string(kinds.first { $0.1 == kind }?.0 ?? "invalid"), "code": code.map(JSON.string), "words": .string(words)]
            case Failure.deviceUnreachable(let words): ["unreachable": true, "words": .string(words)]
            case Failure.unavailable(let words, _): ["unavailable": true, "words": .string(words)]
            case AskFailure.timedOut: ["timedOut": true]
            default: ["words": .string("\(error)")]
            }
        return json.encoded
    }

    static func read(_ text: String, name: String) -> any Error {
        let json = (try? JSON.parse(text)) ?? .null, words = json["words"]?.text ?? ""
        if let kind = json["refused"]?.text {
            return Failure.refused(kinds.first { $0.0 == kind }?.1 ?? .invalid, code: json["code"]?.text, words: words)
        }
        if json["unreachable"] != nil { return Failure.deviceUnreachable(words) }
        if json["unavailable"] != nil { return Failure.unavailable(words, retryAfter: .seconds(2)) }
        if json["timedOut"] != nil { return AskFailure.timedOut(name: name) }
        return AskFailure.failed(name: name, words: words)
    }
}
