/// The kinds of refusal.
public enum RefusalKind: Sendable, CaseIterable {
    /// The thing does not exist, or the caller may not know that it does.
    case unknown
    /// The request cannot be carried out as it stands.
    case invalid
    /// The caller is not authorised.
    case forbidden
    /// The request conflicts with the current state.
    case conflict
    /// The request is well formed and contradicts the state.
    case unprocessable
    /// The document is larger than may be stored.
    case tooLarge
    /// The document is in an encoding that is not read.
    case unsupportedEncoding
}

/// The reasons for which a use case refuses, one case each.
public protocol DomainError: Error, Sendable, CaseIterable, Equatable {
    var kind: RefusalKind { get }
    /// One sentence for the caller.
    var message: String { get }
}

/// The refusal type of a use case that never refuses.
public enum NoRefusal: DomainError {
    public static let allCases: [NoRefusal] = []
    public var kind: RefusalKind { switch self {} }
    public var message: String { switch self {} }
}

/// Why an operation was not carried out; the edge maps it to a status.
public enum RequestError: Error, Sendable, Equatable {
    case problems([Problem])
    case unauthenticated(String)
    case refused(RefusalKind, code: String?, message: String)
    /// Two requests use one `Idempotency-Key` at once, or for different bodies.
    case idempotencyConflict(message: String, retryAfter: Duration?)
    /// The device link did not accept the command. Nothing was stored.
    case deviceUnreachable(String)
    /// Something this operation needs is not available now.
    case unavailable(String, retryAfter: Duration?)
    /// The operation is not configured on this installation.
    case notConfigured(String)
    /// The reply to a COMMIT was lost: the effect may or may not have happened.
    case outcomeUnknown
    /// The command may or may not have been sent to its device. The action reports the outcome.
    case fateUnknown(ActionID)
    /// Too many commands already wait for the device.
    case deviceBusy(String)
    case tooManyRequests(retryAfter: Duration)
    /// The PIN opens nothing here at this time, whatever the reason.
    case invalidPin
    /// A service outside the platform did not do what the request needs; nothing was stored.
    case upstreamFailed(String)
    /// A required external effect did not happen; nothing was stored.
    case sideEffectFailed(String)
}

extension RefusalKind {
    /// The HTTP status, as used by documents and the edge.
    public var status: Int {
        switch self {
        case .unknown: 404
        case .invalid: 400
        case .forbidden: 403
        case .conflict: 409
        case .unprocessable: 422
        case .tooLarge: 413
        case .unsupportedEncoding: 415
        }
    }
}
