import Application
import DevicesContracts
import Kernel

/// Merges a document into the shadow of a thing. Where a shadow shows commands, its desired state is written by the platform alone.
struct UpdateShadow: ShadowOverHTTP {
    let thing: ExistingThingName
    let shadow: ShadowName?
    let document: JSON.Object
    let contentType: String
    let verb = HubLink.Verb.update

    func question(from caller: Caller) throws -> ShadowRequest {
        let charset = contentType.lowercased().split(separator: ";").lazy.map { $0.filter { $0 != " " && $0 != "\"" } }
            .first { $0.hasPrefix("charset=") }
        guard charset == nil || charset == "charset=utf-8" else { throw Shadow.Rejection.badEncoding.requestError }
        return request(from: caller)
    }

    static let operation = Operation.relay(
        .post, "/things/{thing}/shadow", "Update a shadow of a thing", allow: .tenantOfThing,
        answers: [
            ResponseSpec(200, "The update with its metadata, version and time.", .object),
            ResponseSpec(409, "The version is not the shadow's."),
            ResponseSpec(413, "The shadow would be larger than \(Shadow.largest) bytes."),
            ResponseSpec(415, "The document is not in UTF-8."),
        ] + refusals,
        inputs: .init(
            thing, shadow, .body("state", "What is desired and reported; null removes a value, a part or both parts."),
            .body("version", "The version that the update rests on; any when absent."),
            .body("clientToken", "Returned with the answer."), .request)
    ) { (thing: ExistingThingName, shadow: ShadowName?, _: ShadowParts, _: Int?, _: ClientToken?, request: Request) in
        UpdateShadow(thing: thing, shadow: shadow, document: request.body, contentType: request.header("Content-Type") ?? "")
    }
}

/// The parts of a shadow's state in an update.
struct ShadowParts: WireValue {
    let json: JSON

    private static var part: Schema { Schema.object.nullable.optional }
    static var schema: Schema { Schema.object(["desired": part, "reported": part]).nullable }

    static func read(_ raw: JSON?, at path: String, _ reading: inout Reading) -> ShadowParts? {
        guard let raw else { return reading.note(path, "is missing") }
        if raw.isNull { return ShadowParts(json: raw) }
        guard let state = raw.members else { return reading.note(path, "must be an object or null") }
        let before = reading.problems.count
        for member in state.members {
            guard ["desired", "reported"].contains(member.key) else {
                let _: Self? = reading.note("\(path).\(member.key.prefix(64))", "is no part of a state")
                continue
            }
            guard member.value.isNull || member.value.members != nil else {
                let _: Self? = reading.note("\(path).\(member.key)", "must be an object or null")
                continue
            }
        }
        return reading.problems.count == before ? ShadowParts(json: raw) : nil
    }
}

/// What a client recognises its answer by.
struct ClientToken: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 64 }
    static func problem(with text: String) -> String? { text.utf8.count > 64 ? "must have at most 64 bytes" : nil }
}
