/// The kinds of "no" there are. Only the edge knows their status numbers.
public enum RefusalKind: Sendable, CaseIterable {
    /// The thing does not exist, or the caller may not know that it does.
    case unknown
    /// The request cannot be carried out as it stands.
    case invalid
    /// The caller has no right to it.
    case forbidden
    /// It clashes with what is there.
    case conflict
}

/// The reasons for which a use case says no: one case each.
public protocol DomainError: Error, Sendable, CaseIterable, Equatable {
    var kind: RefusalKind { get }
    /// One sentence for the caller.
    var message: String { get }
}

/// The refusal of a use case that never refuses.
public enum NoRefusal: DomainError {
    public static let allCases: [NoRefusal] = []
    public var kind: RefusalKind { switch self {} }
    public var message: String { switch self {} }
}

/// Why an operation was not carried out, in terms that the edge turns into statuses.
public enum RequestError: Error, Sendable, Equatable {
    case problems([Problem])
    case unauthenticated(String)
    case refused(RefusalKind, code: String?, message: String)
    /// Two requests use one `Idempotency-Key` at once, or for different bodies.
    case idempotencyConflict(message: String, retryAfter: Duration?)
    /// The device link did not take the command. Nothing was stored.
    case deviceUnreachable(String)
    /// Something this operation needs is not available now.
    case unavailable(String, retryAfter: Duration?)
    /// The operation is not configured on this installation.
    case notConfigured(String)
    /// A COMMIT whose reply was lost: the effect may or may not have happened.
    case outcomeUnknown
    /// A command may have left for its device or not. The action tells what becomes of it.
    case fateUnknown(ActionID)
    /// Too much waits for the device already.
    case deviceBusy(String)
    case tooManyRequests(retryAfter: Duration)
    /// A PIN that opens nothing here now, whatever the reason.
    case invalidPin
    /// Something that had to happen outside did not; nothing was stored.
    case sideEffectFailed(String)
}

extension RefusalKind {
    /// The status number by which documents and the edge know it.
    public var status: Int {
        switch self {
        case .unknown: 404
        case .invalid: 400
        case .forbidden: 403
        case .conflict: 409
        }
    }
}
