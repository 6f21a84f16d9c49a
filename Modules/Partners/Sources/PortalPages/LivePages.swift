import Kernel
public import PartnersContracts
import WebPages

extension PortalPages {
    public static let live: PortalPages = {
        let pages = PageTemplates(
            [
                "landing": PackageResources.landing_mustache, "onboarding": PackageResources.onboarding_mustache,
                "dashboard": PackageResources.dashboard_mustache, "trouble": PackageResources.portal_trouble_mustache,
                "top": PackageResources.top_mustache,
            ], style: PackageResources.portal_css)
        return PortalPages(
            landing: { pages.render("landing", $0.values(title: Words[$0.language].title)) },
            onboarding: { pages.render("onboarding", $0.values) }, dashboard: { pages.render("dashboard", $0.values) },
            trouble: { frame, trouble in
                var values = frame.values(title: Words[frame.language].troubles[trouble] ?? "")
                values["heading"] = Words[frame.language].troubles[trouble] ?? ""
                return pages.render("trouble", values)
            })
    }()
}

extension PortalFrame {
    /// The values that every page needs.
    fileprivate func values(title: String) -> [String: any Sendable] {
        let words = Words[language]
        var values: [String: any Sendable] = [
            "lang": language.rawValue, "nonce": nonce, "title": title, "csrf": csrf, "portal": words.title, "intro": words.intro,
            "signIn": words.signIn, "home": words.home,
            "other": ["code": language == .english ? "el" : "en", "name": language == .english ? "Ελληνικά" : "English"],
        ]
        if let email { values["person"] = ["email": email, "signOut": words.signOut, "csrf": csrf] }
        return values
    }
}

extension OnboardingPage {
    fileprivate var values: [String: any Sendable] {
        let words = Words[frame.language]
        var values = frame.values(title: words.onboarding)
        values["heading"] = words.onboarding
        values["note"] = words.onboardingNote
        values["idLabel"] = words.orgID
        values["idHint"] = words.orgIDHint
        values["nameLabel"] = words.orgName
        values["register"] = words.register
        values["org"] = org
        values["name"] = name
        values["problems"] = problems.map { words.problems[$0] ?? "" }
        values["isWrong"] = !problems.isEmpty
        values["idIsWrong"] = problems.contains(.badID) || problems.contains(.takenID)
        values["nameIsWrong"] = problems.contains(.noName)
        return values
    }
}

extension DashboardPage {
    fileprivate var values: [String: any Sendable] {
        let words = Words[frame.language]
        var values = frame.values(title: name)
        values["heading"] = name
        values["orgTitle"] = words.orgID
        values["org"] = org.text
        values["keyTitle"] = words.key
        values["key"] = key
        values["noKey"] = key == nil && newKey == nil ? words.noKey : nil
        if let newKey { values["new"] = ["key": newKey, "show": words.showKey, "warning": words.keyWarning] }
        values["rotate"] = words.rotate
        values["rotateNote"] = words.rotateNote
        values["hookTitle"] = words.webhook
        values["noHook"] = webhook == nil ? words.noWebhook : nil
        if let webhook {
            var shown: [String: any Sendable] = [
                "url": webhook.url, "status": webhook.status.rawValue, "word": words.statuses[webhook.status] ?? "",
            ]
            shown["error"] = webhook.lastError
            values["hook"] = shown
        }
        values["urlLabel"] = words.url
        values["url"] = refusedURL ?? webhook?.url ?? ""
        values["problem"] = refusedURL == nil ? nil : words.badURL
        values["save"] = words.save
        values["docs"] = words.docs
        return values
    }
}
