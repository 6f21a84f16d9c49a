public import Kernel

/// The pages of the partner portal. The module says what they show; the port turns it into HTML.
public struct PortalPages: Port {
    public static let title = "pages of the portal"

    public let landing: @Sendable (PortalFrame) -> String
    public let onboarding: @Sendable (OnboardingPage) -> String
    public let dashboard: @Sendable (DashboardPage) -> String
    public let trouble: @Sendable (PortalFrame, PortalTrouble) -> String

    public init(
        landing: @escaping @Sendable (PortalFrame) -> String, onboarding: @escaping @Sendable (OnboardingPage) -> String,
        dashboard: @escaping @Sendable (DashboardPage) -> String, trouble: @escaping @Sendable (PortalFrame, PortalTrouble) -> String
    ) {
        self.landing = landing
        self.onboarding = onboarding
        self.dashboard = dashboard
        self.trouble = trouble
    }
}

/// What every page has.
public struct PortalFrame: Sendable {
    public let language: PageLanguage
    /// The CSP nonce of the page's style.
    public let nonce: String
    /// Who is signed in; nil for nobody.
    public let email: String?
    /// What the forms of the page carry; empty where nobody is signed in.
    public let csrf: String

    public init(language: PageLanguage, nonce: String, email: String?, csrf: String) {
        self.language = language
        self.nonce = nonce
        self.email = email
        self.csrf = csrf
    }
}

/// Where a person without a tenant registers one.
public struct OnboardingPage: Sendable {
    public enum Problem: Sendable, CaseIterable { case badID, takenID, noName }

    public let frame: PortalFrame
    /// What was typed, and what is wrong with it.
    public let org: String
    public let name: String
    public let problems: [Problem]

    public init(frame: PortalFrame, org: String, name: String, problems: [Problem]) {
        self.frame = frame
        self.org = org
        self.name = name
        self.problems = problems
    }
}

/// The tenant of the person who is signed in.
public struct DashboardPage: Sendable {
    public enum Status: String, Sendable, CaseIterable { case active, pending, failed, disabled, paused }

    public struct Webhook: Sendable {
        public let url: String
        public let status: Status
        public let lastError: String?
        public init(url: String, status: Status, lastError: String?) {
            self.url = url
            self.status = status
            self.lastError = lastError
        }
    }

    public let frame: PortalFrame
    public let org: OrgID
    public let name: String
    /// A key that was just made; shown this once.
    public let newKey: String?
    /// First and last characters of the active key; nil when there is none.
    public let key: String?
    public let webhook: Webhook?
    /// An address that was typed and is not accepted.
    public let refusedURL: String?

    public init(
        frame: PortalFrame, org: OrgID, name: String, newKey: String?, key: String?, webhook: Webhook?, refusedURL: String?
    ) {
        self.frame = frame
        self.org = org
        self.name = name
        self.newKey = newKey
        self.key = key
        self.webhook = webhook
        self.refusedURL = refusedURL
    }
}

/// Why there is no page.
public enum PortalTrouble: Sendable, CaseIterable {
    /// The portal has no identity provider.
    case notConfigured
    /// The identity provider does not answer.
    case providerAway
    /// A sign-in that did not begin in this browser, or was refused.
    case signInFailed
    case emailNotVerified
    /// A form without a session.
    case signedOut
    /// A form that is not one of this session.
    case forgedForm
    case ourFault
}
