import Kernel
import PartnersContracts

/// Makes the first key of an installation, and super keys, on behalf of the operator at the console.
enum BootstrapKey {
    static func answering(_ services: Services) -> Answering {
        Answering(CreateApiKey.self) { question, context in
            let request = Request(caller: .staff(email: "operator"), trace: context.trace, attempt: Attempt(now: services.clock()))
            let known = try await services.store.load(Tenant.self, question.org.text).state
            if !known.isRegistered {
                let register = RegisterTenant(org: question.org, name: NonEmpty(question.orgName), ownerEmail: "operator@localhost")
                _ = try await services.execute(register, for: request)
            }
            let key = NewKey(services.vault)
            if question.isSuper {
                _ = try await services.store.run(services.directory.admitKey(key.digest, question.org, true, nil))
            } else {
                let face = key.face(by: "operator", until: nil, at: services.clock())
                let replaces = known.activeKey(at: services.clock()) != nil && question.replaces == true
                _ = try await services.execute(IssueApiKey(org: question.org, face: face, digest: key.digest, replaces: replaces), for: request)
            }
            return CreateApiKey.Reply(key: key.text)
        }
    }
}
