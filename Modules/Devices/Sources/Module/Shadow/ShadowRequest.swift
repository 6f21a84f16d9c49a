import Application
import DevicesContracts
import Kernel

/// Asks for one request to the shadow service about a thing. Used only within this module.
struct ShadowRequest: Ask {
    static let name = "devices.ShadowRequest", module = "devices"
    let thing: ThingName
    /// Nil for the classic shadow.
    let shadow: String?
    let verb: HubLink.Verb
    /// An update document; the members that the verb does not know are ignored.
    let document: JSON
    /// The tenant that asks; nil for the platform and its operator.
    let org: OrgID?

    struct Reply: Codable, Sendable {
        /// What the service accepts with; nil when it rejects the request.
        let accepted: JSON?
        let rejection: Shadow.Rejection?
    }
}

extension ThingRunner {
    func answer(_ question: ShadowRequest, _ trace: Trace) async throws -> ShadowRequest.Reply {
        do {
            let actions = try await perform(
                question.verb, question.document, of: question.thing, question.shadow, from: question.org, trace)
            return ShadowRequest.Reply(accepted: actions.accepted, rejection: nil)
        } catch let rejection as Shadow.Rejection {
            return ShadowRequest.Reply(accepted: nil, rejection: rejection)
        }
    }

    /// Carries out a request to the shadow service, whoever makes it.
    /// - Parameter org: the tenant that asks; nil for the thing itself and for the platform.
    /// - Throws: `Shadow.Rejection`; see also `handle`.
    func perform(
        _ verb: HubLink.Verb, _ request: JSON, of thing: ThingName, _ shadow: String?, from org: OrgID?, _ trace: Trace
    ) async throws -> [ThingState.Action] {
        let token = try Shadow.token(of: request)
        if let shadow, Shadow.problem(withName: shadow) { throw Shadow.Rejection.badName }
        var named: ActionID?, input: ThingState.Input
        switch verb {
        case .get: input = .get(token: token)
        case .delete: input = .delete(token: token)
        case .update:
            input = .update(request)
            named = request["state"]?["reported"]?["lastCommand"]?["message_id"]?.text.map { ActionID($0) }
        }
        let actions = try await withThing(thing) { try await handle(input, of: thing, shadow, naming: named, from: org, trace) }
        try await refresh(actions, trace)
        return actions
    }
}

extension [ThingState.Action] {
    /// What a request to the shadow service was accepted with.
    var accepted: JSON? {
        for case .publish(let publication, _) in self where publication.tail.hasSuffix("/accepted") { return publication.payload }
        return nil
    }
}
