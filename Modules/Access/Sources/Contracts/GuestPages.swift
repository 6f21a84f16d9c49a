public import Kernel

/// A language that pages speak.
public enum PageLanguage: String, Sendable, CaseIterable { case english = "en", greek = "el" }

/// The page of a temporary key, as a person at a door needs it.
public struct GuestPage: Sendable {
    public enum State: String, Sendable, CaseIterable { case valid, notYetValid = "not-yet-valid", expired, usedUp = "used-up", revoked, forbidden }

    public struct Door: Sendable {
        public let id: Int
        public let label: String?
        /// Whether the page opens it, and whether the PIN does at its panel.
        public let slides: Bool
        public let takesPin: Bool
        public init(id: Int, label: String?, slides: Bool, takesPin: Bool) {
            (self.id, self.label, self.slides, self.takesPin) = (id, label, slides, takesPin)
        }
    }

    public let language: PageLanguage
    public let state: State
    /// The page's own address without a query; its forms stand below it.
    public let path: String
    public let doors: [Door]
    /// Shown while the key is valid and some door takes it.
    public let pin: String?
    public let from: Moment
    public let until: Moment
    /// Names what its forms do: sent twice, it is done once.
    public let attempt: String
    /// What the page's own style and script carry, so that no other runs.
    public let nonce: String

    public init(
        language: PageLanguage, state: State, path: String, doors: [Door], pin: String?, from: Moment, until: Moment, attempt: String, nonce: String
    ) {
        self.attempt = attempt
        (self.language, self.state, self.path, self.doors) = (language, state, path, doors)
        (self.pin, self.from, self.until, self.nonce) = (pin, from, until, nonce)
    }
}

/// What became of an open.
public struct OpeningPage: Sendable {
    public enum Phase: String, Sendable, CaseIterable {
        /// The command was sent; nothing more is known.
        case sent
        case opening, open
        /// The lock did not answer, or said that it could not.
        case silent, failed
    }

    public let language: PageLanguage
    /// The page of the key.
    public let back: String
    public let door: String?
    public let phase: Phase
    /// The lock was away when the command was sent.
    public let isOffline: Bool
    public let nonce: String

    public init(language: PageLanguage, back: String, door: String?, phase: Phase, isOffline: Bool, nonce: String) {
        (self.language, self.back, self.door, self.phase, self.isOffline, self.nonce) = (language, back, door, phase, isOffline, nonce)
    }
}

/// A page for what cannot be shown.
public struct TroublePage: Sendable {
    public enum Trouble: String, Sendable, CaseIterable { case unknownKey = "unknown", ourFault = "error" }
    public let language: PageLanguage
    public let trouble: Trouble
    public let nonce: String
    public init(language: PageLanguage, trouble: Trouble, nonce: String) { (self.language, self.trouble, self.nonce) = (language, trouble, nonce) }
}

/// Turns pages into HTML. Whatever comes from people is escaped.
public struct GuestPages: Port {
    public static let title = "maker of pages"
    public let guest: @Sendable (GuestPage) -> String
    public let opening: @Sendable (OpeningPage) -> String
    public let trouble: @Sendable (TroublePage) -> String
    public init(
        guest: @escaping @Sendable (GuestPage) -> String, opening: @escaping @Sendable (OpeningPage) -> String, trouble: @escaping @Sendable (TroublePage) -> String
    ) {
        (self.guest, self.opening, self.trouble) = (guest, opening, trouble)
    }
}
