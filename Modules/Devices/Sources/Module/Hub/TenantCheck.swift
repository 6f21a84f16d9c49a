import Application
import Kernel
import PartnersContracts

extension Services {
    /// Refuses a tenant that is not registered: whoever registers it later would get what it was given.
    func mustExist(_ org: OrgID, _ request: Request) async throws {
        guard try await bus.ask(TenantExists(org: org), trace: request.trace, now: clock()).exists else {
            throw RequestError.refused(.invalid, code: nil, message: "There is no such tenant.")
        }
    }
}
