import Application
import Kernel
import PartnersContracts

/// Creates the first key of an installation, and super keys, for the operator at the console.
enum BootstrapKey {
    static func answering(_ services: Services) -> AskHandler {
        AskHandler(CreateApiKey.self) { question, context in
            let request = Request(caller: .staff(email: "operator"), trace: context.trace, attempt: Attempt(now: services.clock()))
            let known = try await services.store.load(Tenant.self, question.org.text).state
            if !known.isRegistered {
                let register = RegisterTenant(org: question.org, name: NonEmptyString(question.orgName), ownerEmail: "operator@localhost")
                _ = try await services.execute(register, for: request)
            }
            if question.isSuper {
                let key = NewKey(services.vault)
                _ = try await services.store.run(services.directory.registerKey(key.digest, question.org, true, nil))
                return CreateApiKey.Reply(key: key.text)
            } else {
                let replaces = known.activeKey(at: services.clock()) != nil && question.replaces == true
                let issue = IssueApiKey(org: question.org, expiresAt: nil, replaces: replaces, creator: request.caller.name)
                return CreateApiKey.Reply(key: try await services.execute(issue, for: request).facts.text)
            }
        }
    }
}
