import Kernel
import PartnersContracts

/// The texts of the portal in each of its languages.
struct Words {
    let title: String, intro: String, signIn: String, signOut: String, home: String
    let onboarding: String, onboardingNote: String, orgID: String, orgIDHint: String, orgName: String, register: String
    let problems: [OnboardingPage.Problem: String]
    let key: String, noKey: String, showKey: String, keyWarning: String, rotate: String, rotateNote: String
    let webhook: String, noWebhook: String, url: String, badURL: String, save: String, docs: String
    let statuses: [DashboardPage.Status: String]
    let troubles: [PortalTrouble: String]

    static subscript(language: PageLanguage) -> Words {
        switch language {
        case .english: english
        case .greek: greek
        }
    }

    private static let english = Words(
        title: "Partner portal", intro: "Get an API key, set your webhook, and open doors from your own software.", signIn: "Sign in",
        signOut: "Sign out", home: "Back to the first page",
        onboarding: "Register your organisation", onboardingNote: "You get an API key at once. The id cannot be changed later.",
        orgID: "Organisation id", orgIDHint: "3 to 64 small letters, digits and dashes, such as acme-corp", orgName: "Name",
        register: "Register",
        problems: [
            .badID: "The id must have 3 to 64 small letters, digits and dashes, and begin with a letter or digit.",
            .takenID: "This id belongs to another organisation.", .noName: "The name must have 1 to 200 characters.",
        ],
        key: "API key", noKey: "There is no active key. Rotate to make one.", showKey: "Show the new key",
        keyWarning: "Save it now: it is shown only this once.", rotate: "Rotate the key",
        rotateNote: "A new key is made and the old one stops working at once.",
        webhook: "Webhook", noWebhook: "None is set: no events are sent.", url: "Address (https)",
        badURL: "The address must begin with https:// and name a host.", save: "Save", docs: "API documentation",
        statuses: [
            .active: "Active", .pending: "Waiting for the address to answer the verification", .failed: "The address did not answer",
            .disabled: "Switched off", .paused: "Paused: events wait until it is resumed",
        ],
        troubles: [
            .notConfigured: "The portal is not set up", .providerAway: "Sign-in does not answer now. Try again in a minute.",
            .signInFailed: "The sign-in did not work. Begin again.", .emailNotVerified: "Confirm your e-mail address first, then sign in.",
            .signedOut: "You are not signed in", .forgedForm: "This form is out of date. Load the page again.",
            .ourFault: "Something went wrong on our side",
        ])

    private static let greek = Words(
        title: "Πύλη συνεργατών", intro: "Αποκτήστε κλειδί API, ορίστε το webhook σας και ανοίξτε πόρτες από το δικό σας λογισμικό.",
        signIn: "Σύνδεση", signOut: "Αποσύνδεση", home: "Επιστροφή στην πρώτη σελίδα",
        onboarding: "Εγγραφή του οργανισμού σας",
        onboardingNote: "Λαμβάνετε αμέσως κλειδί API. Το αναγνωριστικό δεν αλλάζει αργότερα.", orgID: "Αναγνωριστικό οργανισμού",
        orgIDHint: "3 έως 64 μικρά λατινικά γράμματα, ψηφία και παύλες, όπως acme-corp", orgName: "Όνομα", register: "Εγγραφή",
        problems: [
            .badID: "Το αναγνωριστικό πρέπει να έχει 3 έως 64 μικρά λατινικά γράμματα, ψηφία και παύλες και να αρχίζει με γράμμα ή ψηφίο.",
            .takenID: "Το αναγνωριστικό ανήκει σε άλλον οργανισμό.", .noName: "Το όνομα πρέπει να έχει 1 έως 200 χαρακτήρες.",
        ],
        key: "Κλειδί API", noKey: "Δεν υπάρχει ενεργό κλειδί. Εκδώστε νέο.", showKey: "Εμφάνιση του νέου κλειδιού",
        keyWarning: "Αποθηκεύστε το τώρα: εμφανίζεται μόνο αυτή τη φορά.", rotate: "Έκδοση νέου κλειδιού",
        rotateNote: "Εκδίδεται νέο κλειδί και το παλιό παύει αμέσως να ισχύει.",
        webhook: "Webhook", noWebhook: "Δεν έχει οριστεί: δεν αποστέλλονται συμβάντα.", url: "Διεύθυνση (https)",
        badURL: "Η διεύθυνση πρέπει να αρχίζει με https:// και να ορίζει διακομιστή.", save: "Αποθήκευση", docs: "Τεκμηρίωση API",
        statuses: [
            .active: "Ενεργό", .pending: "Αναμονή απάντησης στην επαλήθευση", .failed: "Η διεύθυνση δεν απάντησε",
            .disabled: "Απενεργοποιημένο", .paused: "Σε παύση: τα συμβάντα περιμένουν τη συνέχιση",
        ],
        troubles: [
            .notConfigured: "Η πύλη δεν έχει ρυθμιστεί", .providerAway: "Η σύνδεση δεν ανταποκρίνεται τώρα. Δοκιμάστε σε ένα λεπτό.",
            .signInFailed: "Η σύνδεση απέτυχε. Ξεκινήστε ξανά.",
            .emailNotVerified: "Επιβεβαιώστε πρώτα τη διεύθυνση e-mail σας και μετά συνδεθείτε.",
            .signedOut: "Δεν έχετε συνδεθεί", .forgedForm: "Η φόρμα έληξε. Φορτώστε ξανά τη σελίδα.",
            .ourFault: "Κάτι πήγε στραβά από την πλευρά μας",
        ])
}
