import Application
import DevicesContracts
import Kernel

/// The shadow of a thing over HTTP, as the AWS IoT data plane has it (AWS IoT Core Developer Guide, "Device Shadow REST API").
protocol ShadowOverHTTP: Relay where Question == ShadowRequest {
    var thing: ExistingThingName { get }
    var shadow: ShadowName? { get }
    var verb: HubLink.Verb { get }
    var document: JSON.Object { get }
}

extension ShadowOverHTTP {
    var document: JSON.Object { [:] }

    func question(from caller: Caller) throws -> ShadowRequest { request(from: caller) }

    func request(from caller: Caller) -> ShadowRequest {
        ShadowRequest(thing: ThingName(thing.text), shadow: shadow?.text, verb: verb, document: .object(document), org: caller.org)
    }

    func response(to reply: ShadowRequest.Reply) throws -> Response {
        if let rejection = reply.rejection { throw rejection.requestError }
        return .json(200, reply.accepted ?? [:])
    }

    static var thing: Field<ExistingThingName> { .path("thing", "Name of the thing.") }
    static var shadow: Field<ShadowName?> { .query("name", "Name of the shadow; the classic one when absent.") }
    static var refusals: [ResponseSpec] {
        [
            ResponseSpec(404, "There is no such thing, or it has no such shadow."),
            ResponseSpec(429, "Too many requests about this thing at once."),
        ]
    }
}

extension Rule {
    /// Rule T: a thing belongs to the tenant of the hub that it is registered with. A thing that nobody has claimed is unknown to tenants.
    static var tenantOfThing: Rule {
        Rule("the tenant of the thing, or a super key", by: .keyOrSignature) { _, _, caller in
            if case .key = caller { true } else { false }
        }
    }
}

extension Shadow.Rejection {
    var requestError: RequestError {
        switch code {
        case 403: .refused(.forbidden, code: nil, message: message)
        case 404: .refused(.unknown, code: nil, message: message)
        case 409: .refused(.conflict, code: nil, message: message)
        case 413: .refused(.tooLarge, code: nil, message: message)
        case 415: .refused(.unsupportedEncoding, code: nil, message: message)
        case 429: .tooManyRequests(retryAfter: .seconds(1))
        default: .refused(.invalid, code: "InvalidRequest", message: message)
        }
    }
}

/// Shows the shadow of a thing.
struct GetShadow: ShadowOverHTTP {
    let thing: ExistingThingName
    let shadow: ShadowName?
    let verb = HubLink.Verb.get

    static let operation = Operation.relay(
        .get, "/things/{thing}/shadow", "Show a shadow of a thing", allow: .tenantOfThing,
        answers: [ResponseSpec(200, "State, metadata, version and time.", .object)] + refusals, inputs: .init(thing, shadow),
        make: GetShadow.init(thing:shadow:))
}

/// Deletes the shadow of a thing; its version goes on when it is written again.
struct DeleteShadow: ShadowOverHTTP {
    let thing: ExistingThingName
    let shadow: ShadowName?
    let verb = HubLink.Verb.delete

    static let operation = Operation.relay(
        .delete, "/things/{thing}/shadow", "Delete a shadow of a thing", allow: .tenantOfThing,
        answers: [ResponseSpec(200, "The version that was deleted.", .object)] + refusals, inputs: .init(thing, shadow),
        make: DeleteShadow.init(thing:shadow:))
}
