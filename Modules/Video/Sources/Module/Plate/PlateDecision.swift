import Kernel

/// What comes of a plate that a camera has read.
enum PlateOutcome: String, Codable, Sendable, CaseIterable, WireValue {
    case opened
    case noMatch = "no_match"
    case notLinked = "not_linked"
    case notAuthorised = "not_authorised"
    case lowConfidence = "low_confidence"
    case openFailed = "open_failed"
    case coolingDown = "cooling_down"
    case refusedPlate = "refused_plate"
    case wrongDirection = "wrong_direction"
}

/// Whether a plate that a camera has read opens its gate, and for whom.
struct PlateDecision: Sendable, Equatable {
    /// Nil for an open, which is yet to be made.
    let refusal: PlateOutcome?
    /// The user whose plate it is.
    let holder: PlateCandidate?

    static func refuse(_ outcome: PlateOutcome, _ holder: PlateCandidate? = nil) -> PlateDecision {
        PlateDecision(refusal: outcome, holder: holder)
    }
    static func open(_ holder: PlateCandidate) -> PlateDecision { PlateDecision(refusal: nil, holder: holder) }

    /// How sure the camera must be when its reading has to be mended.
    static let sureForMending = 0.9

    /// - Parameters:
    ///   - isRefused: whether the plate, or one that it may be, is on the list of those that never open.
    ///   - candidates: who holds the plate, or one that may have been misread as it.
    static func decide(
        _ sight: PlateSight, under terms: GateRule.Terms, isLinked: Bool, isRefused: Bool, candidates: [PlateCandidate]
    ) -> PlateDecision {
        guard sight.confidence >= terms.threshold else { return refuse(.lowConfidence) }
        guard !isRefused else { return refuse(.refusedPlate) }
        if let wanted = terms.direction, let moved = sight.direction, moved != wanted { return refuse(.wrongDirection) }
        let exact = candidates.filter(\.isExact)
        guard isLinked else { return refuse(.notLinked, exact.first) }
        if let holder = exact.first(where: \.isEntitled) { return open(holder) }
        // A plate that somebody holds as it was read is not mended into another's.
        guard exact.isEmpty else { return refuse(.notAuthorised, exact.first) }
        let close = candidates.filter(\.isEntitled)
        guard sight.confidence >= sureForMending, let holder = close.first, close.allSatisfy({ $0.plate == holder.plate }) else {
            return refuse(.noMatch)
        }
        return open(holder)
    }
}

/// A plate as a camera has seen it.
struct PlateSight: Sendable, Equatable {
    let confidence: Double
    /// Nil when the camera does not say it.
    let direction: GateRule.Direction?
}

/// A user who may be meant.
struct PlateCandidate: Sendable, Equatable {
    let user: UserID
    let plate: ExactText
    let isExact: Bool
    /// Whether the user may open the gate now.
    let isEntitled: Bool
    /// Whether the right is the tenant's word alone.
    let isListed: Bool
}
