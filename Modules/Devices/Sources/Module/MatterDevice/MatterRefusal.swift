import Kernel

/// Why a Matter device does not do what was asked.
enum MatterRefusal: DomainError {
    case tooLarge, tooDeep, tooManyAlarms, full
    case pinLength(shortest: Int?, longest: Int?)
    case index(most: Int)

    var kind: RefusalKind { .invalid }
    var message: String {
        switch self {
        case .tooLarge: "The document is too large."
        case .tooDeep: "The document has too many levels of nesting; at most \(Shadow.maxDepth)."
        case .tooManyAlarms: "The device has too many alarms at once."
        case .full: "The lock has no free place for a PIN."
        case .pinLength(let shortest, let longest):
            "The lock takes PINs of \(shortest.map { "at least \($0)" } ?? "any number of") and at most \(longest ?? 8) digits."
        case .index(let most): "The lock has places 1 to \(most)."
        }
    }

    static var allCases: [MatterRefusal] {
        [.tooLarge, .tooDeep, .tooManyAlarms, .full, .pinLength(shortest: 4, longest: 8), .index(most: 10)]
    }
}
