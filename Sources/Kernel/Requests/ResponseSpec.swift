/// A response that an operation may give.
public struct ResponseSpec: Sendable, Equatable {
    public let status: Int
    public let note: String
    public let schema: Schema?
    public init(_ status: Int, _ note: String, _ schema: Schema? = nil) {
        self.status = status
        self.note = note
        self.schema = schema
    }

    public static let deviceUnreachable = ResponseSpec(502, "The device link did not take the command; nothing was stored.")
    public static let fateUnknown = ResponseSpec(
        503,
        """
        Whether the command reaches the device is not known, \
        or something this operation needs is not available; X-Action-Id names the action to follow.
        """
    )
    public static let unavailable = ResponseSpec(503, "Something this operation needs is not available now; try again.")

    /// Returns the responses of refusals, one for each case.
    public static func all<R: DomainError>(of refusals: R.Type) -> [ResponseSpec] {
        refusals.allCases.map { ResponseSpec($0.kind.status, $0.message) }
    }
}
