import AccessContracts
import Kernel

/// The texts of the pages in each of their languages.
struct Words {
    let title: String, headings: [GuestPage.State: String], notes: [GuestPage.State: String]
    let phases: [OpeningPage.Phase: String], phaseNotes: [OpeningPage.Phase: String], troubles: [TroublePage.Trouble: String]
    let validFrom: String, validUntil: String, slide: String, again: String, door: String, pin: String, pinNote: String, offline: String,
        back: String,
        unreachable: String, notOpened: String

    static subscript(language: PageLanguage) -> Words {
        switch language {
        case .english: english
        case .greek: greek
        }
    }

    private static let english = Words(
        title: "Your key",
        headings: [
            .valid: "Your key", .notYetValid: "Not valid yet", .expired: "This key has expired", .usedUp: "This key is used up",
            .revoked: "This key was revoked",
            .forbidden: "This key is not for you",
        ],
        notes: [
            .notYetValid: "Come back when it begins.", .expired: "Ask your host for a new one.",
            .usedUp: "It has opened as often as it may. Ask your host for a new one.",
            .revoked: "Your host has ended it.", .forbidden: "Sign in with the account that it was made for.",
        ],
        phases: [
            .sent: "The command was sent", .opening: "Opening …", .open: "The door is open", .silent: "The lock did not answer",
            .failed: "The lock could not open",
        ],
        phaseNotes: [
            .sent: "The door opens in a moment.", .opening: "Waiting for the lock.", .open: "Come in.",
            .silent: "The door was not opened. Go back and try again.",
            .failed: "The door was not opened. Go back and try again, or call your host.",
        ],
        troubles: [.unknownKey: "There is no such key", .ourFault: "Something went wrong on our side"],
        validFrom: "Valid from", validUntil: "Valid until", slide: "Slide to open", again: "Tap again to open", door: "Door",
        pin: "Your PIN",
        pinNote: "Type it at the panel of this door.",
        offline: "The lock is offline now. The command waits for up to half a minute and is dropped then.", back: "Back to your key",
        unreachable: "No connection. Try again.", notOpened: "The door was not opened. Try again, or call your host.")

    private static let greek = Words(
        title: "Το κλειδί σας",
        headings: [
            .valid: "Το κλειδί σας", .notYetValid: "Δεν ισχύει ακόμη", .expired: "Το κλειδί έληξε", .usedUp: "Το κλειδί εξαντλήθηκε",
            .revoked: "Το κλειδί ανακλήθηκε",
            .forbidden: "Το κλειδί δεν είναι για εσάς",
        ],
        notes: [
            .notYetValid: "Επιστρέψτε όταν αρχίσει η ισχύς του.", .expired: "Ζητήστε νέο από τον οικοδεσπότη σας.",
            .usedUp: "Άνοιξε όσες φορές επιτρέπεται. Ζητήστε νέο από τον οικοδεσπότη σας.", .revoked: "Ο οικοδεσπότης σας το κατάργησε.",
            .forbidden: "Συνδεθείτε με τον λογαριασμό για τον οποίο εκδόθηκε.",
        ],
        phases: [
            .sent: "Η εντολή στάλθηκε", .opening: "Ανοίγει …", .open: "Η πόρτα άνοιξε", .silent: "Η κλειδαριά δεν απάντησε",
            .failed: "Η κλειδαριά δεν μπόρεσε να ανοίξει",
        ],
        phaseNotes: [
            .sent: "Η πόρτα ανοίγει σε λίγο.", .opening: "Αναμονή για την κλειδαριά.", .open: "Περάστε.",
            .silent: "Η πόρτα δεν άνοιξε. Γυρίστε πίσω και δοκιμάστε ξανά.",
            .failed: "Η πόρτα δεν άνοιξε. Δοκιμάστε ξανά ή καλέστε τον οικοδεσπότη σας.",
        ],
        troubles: [.unknownKey: "Δεν υπάρχει τέτοιο κλειδί", .ourFault: "Κάτι πήγε στραβά από την πλευρά μας"],
        validFrom: "Ισχύει από", validUntil: "Ισχύει έως", slide: "Σύρετε για άνοιγμα", again: "Πατήστε ξανά για άνοιγμα", door: "Πόρτα",
        pin: "Το PIN σας",
        pinNote: "Πληκτρολογήστε το στον πίνακα αυτής της πόρτας.",
        offline: "Η κλειδαριά είναι εκτός σύνδεσης. Η εντολή περιμένει έως μισό λεπτό και μετά ακυρώνεται.", back: "Πίσω στο κλειδί σας",
        unreachable: "Χωρίς σύνδεση. Δοκιμάστε ξανά.", notOpened: "Η πόρτα δεν άνοιξε. Δοκιμάστε ξανά ή καλέστε τον οικοδεσπότη σας.")
}
