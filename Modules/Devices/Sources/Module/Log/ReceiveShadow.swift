import Application
import DevicesContracts
import Kernel

/// The callback of another shadow service: a thing has reported something there, which counts as if the thing had reported it here.
enum ReceiveShadow {
    private static let shape = Shape<ShadowRequest>(
        .constant("success", true), .member("thingName") { $0.thing }, .member("shadowName") { $0.shadow })

    static let operation = Operation.callback(
        "/admin/shadow-webhook", "Take what a thing has reported to another shadow service", from: "that service",
        header: "X-Webhook-Secret", secret: DevicesSettings.shadowSecret, isOpenInDevelopment: false,
        answers: [ResponseSpec(200, "It is stored.", shape.schema), .unavailable],
        inputs: .init(
            .body("thingName", "Name of the thing."), .body("shadowName", "Name of the shadow; the classic one when absent."),
            .body("reported", "What it reported; null removes a value."))
    ) { (request: Request, services: Services, thing: ExistingThingName, shadow: ShadowName?, reported: JSON.Object) in
        let report = ShadowRequest(
            thing: ThingName(thing.text), shadow: shadow?.text, verb: .update, document: ["state": ["reported": .object(reported)]],
            org: nil)
        let reply = try await services.bus.ask(report, trace: request.trace, now: services.clock())
        if let problem = reply.rejection?.message { throw RequestError.problems([Problem("reported", "is rejected: \(problem)")]) }
        return .json(200, shape.json(report))
    }
}

/// The name of a shadow.
struct ShadowName: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 64 }
    static var schema: Schema { .string.matching("^[a-zA-Z0-9:_$-]+$").limited(min: 1, max: Int64(maxLength)) }
    static func problem(with text: String) -> String? {
        Shadow.problem(withName: text) ? "must have 1 to 64 letters, digits or characters of :_-$" : nil
    }
}
