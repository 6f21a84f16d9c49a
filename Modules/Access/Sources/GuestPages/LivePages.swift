public import AccessContracts
import Kernel
import WebPages

extension GuestPages {
    public static let live: GuestPages = {
        let pages = PageTemplates(
            [
                "guest": PackageResources.guest_mustache, "opening": PackageResources.opening_mustache,
                "trouble": PackageResources.trouble_mustache,
            ], style: PackageResources.guest_css)
        return GuestPages(
            guest: { pages.render("guest", $0.values, script: PackageResources.guest_js) },
            opening: { pages.render("opening", $0.values, script: PackageResources.opening_js) },
            trouble: { pages.render("trouble", $0.values) })
    }()
}

/// The values that every page needs.
private func frame(_ language: PageLanguage, _ nonce: String, _ title: String) -> [String: any Sendable] {
    ["lang": language.rawValue, "nonce": nonce, "title": title]
}

extension GuestPage {
    fileprivate var values: [String: any Sendable] {
        let words = Words[language], showsDoors = state == .valid || state == .notYetValid
        var values = frame(language, nonce, words.title)
        values["state"] = state.rawValue
        values["heading"] = words.headings[state] ?? ""
        values["note"] = words.notes[state]
        if state != .forbidden, state != .revoked {
            values["window"] = [
                ["label": words.validFrom, "iso": from.iso, "text": Self.utc(from)],
                ["label": words.validUntil, "iso": until.iso, "text": Self.utc(until)],
            ]
        }
        if showsDoors { values["doors"] = doors.map { entry(for: $0, words) } }
        (values["unreachable"], values["failed"]) = (words.unreachable, words.notOpened)
        return values
    }

    private func entry(for door: Door, _ words: Words) -> [String: any Sendable] {
        let isUsable = state == .valid, label = door.label ?? "\(words.door) \(door.id)"
        var values: [String: any Sendable] = ["id": door.id, "label": label]
        if isUsable, door.opensFromPage {
            values["slide"] = [
                "action": "\(path)/doors/\(door.id)/open?attempt=\(attempt)", "text": words.slide, "again": words.again, "label": label,
            ]
        }
        if isUsable, door.acceptsPin, let pin {
            values["code"] = [
                "title": words.pin, "digits": pin, "spoken": pin.map(String.init).joined(separator: " "), "note": words.pinNote,
            ]
        }
        return values
    }

    /// Returns a moment as `2026-08-20 09:30 UTC`; the page's script replaces it with the guest's own time zone.
    private static func utc(_ moment: Timestamp) -> String { moment.iso.prefix(16).replacing("T", with: " ") + " UTC" }
}

extension OpeningPage {
    fileprivate var values: [String: any Sendable] {
        let words = Words[language]
        var values = frame(language, nonce, words.phases[phase] ?? words.title)
        values["phase"] = phase.rawValue
        values["heading"] = words.phases[phase] ?? ""
        values["note"] = words.phaseNotes[phase] ?? ""
        values["door"] = door
        values["offline"] = isOffline && phase == .opening ? words.offline : nil
        values["refreshes"] = phase == .opening
        values["back"] = ["href": back, "text": words.back]
        return values
    }
}

extension TroublePage {
    fileprivate var values: [String: any Sendable] {
        let words = Words[language]
        var values = frame(language, nonce, words.troubles[trouble] ?? "")
        values["trouble"] = trouble.rawValue
        values["heading"] = words.troubles[trouble] ?? ""
        return values
    }
}
