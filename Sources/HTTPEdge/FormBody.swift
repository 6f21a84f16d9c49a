import Kernel

/// The body of a form (application/x-www-form-urlencoded, WHATWG URL Standard §5), as browsers send it to pages.
enum FormBody {
    /// Returns the fields; of several with one name the last counts.
    static func members(_ bytes: [UInt8]) throws -> JSON.Object {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw notWellFormed }
        var members: JSON.Object = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                RequestHead.decoded($0.replacing("+", with: " ")[...])
            }
            guard let name = parts.first ?? nil, let value = parts.count > 1 ? parts[1] : "" else { throw notWellFormed }
            members[name] = .string(value)
        }
        return members
    }

    private static var notWellFormed: RequestError { .problems([Problem("body", "must be a form in UTF-8")]) }
}
