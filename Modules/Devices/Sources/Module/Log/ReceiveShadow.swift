import Application
import DevicesContracts
import Kernel

/// The callback of another shadow service: a thing has reported something there, which counts as if the thing had reported it here.
enum ReceiveShadow {
    private static let shape = Shape<ReportOfThing>(
        .constant("success", true), .member("thingName") { $0.thing }, .member("shadowName") { $0.shadow })

    static let operation = Operation.callback(
        "/admin/shadow-webhook", "Take what a thing has reported to another shadow service", from: "that service",
        header: "X-Webhook-Secret", secret: DevicesSettings.shadowSecret, isOpenInDevelopment: false,
        answers: [ResponseSpec(200, "It is stored.", shape.schema), .unavailable],
        inputs: .init(
            .body("thingName", "Name of the thing."), .body("shadowName", "Name of the shadow; the classic one when absent."),
            .body("reported", "What it reported; null removes a value."))
    ) { (request: Request, services: Services, thing: ExistingThingName, shadow: ShadowName?, reported: JSON.Object) in
        let report = ReportOfThing(thing: ThingName(thing.text), shadow: shadow?.text, reported: .object(reported))
        let reply = try await services.bus.ask(report, trace: request.trace, now: services.clock())
        if let problem = reply.problem { throw RequestError.problems([Problem("reported", "is rejected: \(problem)")]) }
        return .json(200, shape.json(report))
    }
}

/// Asks to take a thing's report. Used only within this module.
struct ReportOfThing: Ask {
    static let name = "devices.ReportOfThing", module = "devices"
    let thing: ThingName
    /// Nil for the classic shadow.
    let shadow: String?
    let reported: JSON

    struct Reply: Codable, Sendable {
        /// Why the document was rejected; nil when it was stored.
        let problem: String?
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

extension ThingRunner {
    func take(_ report: ReportOfThing, _ trace: Trace) async throws -> ReportOfThing.Reply {
        let update: JSON = ["state": ["reported": report.reported]]
        let answered = report.reported["lastCommand"]?["message_id"]?.text.map { ActionID($0) }
        do {
            let others = try await withThing(report.thing) {
                try await handle(.update(update), of: report.thing, report.shadow, naming: answered, trace)
            }
            try await refresh(others, trace)
            return ReportOfThing.Reply(problem: nil)
        } catch let rejection as Shadow.Rejection {
            return ReportOfThing.Reply(problem: rejection.message)
        }
    }
}
