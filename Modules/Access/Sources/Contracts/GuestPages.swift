public import Kernel

/// The page of a temporary key, with everything that a guest at a door needs.
public struct GuestPage: Sendable {
    public enum State: String, Sendable, CaseIterable {
        case valid, notYetValid = "not-yet-valid", expired, usedUp = "used-up", revoked, forbidden
    }

    public struct Door: Sendable {
        public let id: Int
        public let label: String?
        /// Whether the page opens the door, and whether its panel accepts the PIN.
        public let opensFromPage: Bool
        public let acceptsPin: Bool
        public init(id: Int, label: String?, opensFromPage: Bool, acceptsPin: Bool) {
            self.id = id
            self.label = label
            self.opensFromPage = opensFromPage
            self.acceptsPin = acceptsPin
        }
    }

    public let language: PageLanguage
    public let state: State
    /// The page's own path without a query; the actions of its forms extend it.
    public let path: String
    public let doors: [Door]
    /// Shown while the key is valid and at least one door accepts a PIN.
    public let pin: String?
    public let from: Timestamp
    public let until: Timestamp
    /// The idempotency key of the page's forms: a form that is sent twice takes effect once.
    public let attempt: String
    /// The CSP nonce of the page's own style and script; nothing else runs.
    public let nonce: String

    public init(
        language: PageLanguage, state: State, path: String, doors: [Door], pin: String?, from: Timestamp, until: Timestamp, attempt: String,
        nonce: String
    ) {
        self.attempt = attempt
        self.language = language
        self.state = state
        self.path = path
        self.doors = doors
        self.pin = pin
        self.from = from
        self.until = until
        self.nonce = nonce
    }
}

/// The page that shows the outcome of an open.
public struct OpeningPage: Sendable {
    public enum Phase: String, Sendable, CaseIterable {
        /// The command was sent; the outcome is unknown.
        case sent
        case opening, open
        /// The lock did not answer, or reported that it could not open.
        case silent, failed
    }

    public let language: PageLanguage
    /// The page of the key.
    public let back: String
    public let door: String?
    public let phase: Phase
    /// Whether the lock was offline when the command was sent.
    public let isOffline: Bool
    public let nonce: String

    public init(language: PageLanguage, back: String, door: String?, phase: Phase, isOffline: Bool, nonce: String) {
        self.language = language
        self.back = back
        self.door = door
        self.phase = phase
        self.isOffline = isOffline
        self.nonce = nonce
    }
}

/// The page shown when the requested one cannot be.
public struct TroublePage: Sendable {
    public enum Trouble: String, Sendable, CaseIterable { case unknownKey = "unknown", ourFault = "error" }
    public let language: PageLanguage
    public let trouble: Trouble
    public let nonce: String
    public init(language: PageLanguage, trouble: Trouble, nonce: String) {
        self.language = language
        self.trouble = trouble
        self.nonce = nonce
    }
}

/// Renders pages as HTML. Text that users entered is escaped.
public struct GuestPages: Port {
    public static let title = "maker of pages"
    public let guest: @Sendable (GuestPage) -> String
    public let opening: @Sendable (OpeningPage) -> String
    public let trouble: @Sendable (TroublePage) -> String
    public init(
        guest: @escaping @Sendable (GuestPage) -> String, opening: @escaping @Sendable (OpeningPage) -> String,
        trouble: @escaping @Sendable (TroublePage) -> String
    ) {
        self.guest = guest
        self.opening = opening
        self.trouble = trouble
    }
}
