import Application
import Kernel

/// An ask on its way to another process.
struct AskMessage: Sendable {
    let id: String
    let module: String
    let name: String
    let body: JSON
    /// The process that asks.
    let asker: String
    let context: AskContext

    init(id: String, module: String, name: String, body: JSON, asker: String, context: AskContext) {
        self.id = id
        self.module = module
        self.name = name
        self.body = body
        self.asker = asker
        self.context = context
    }

    init(_ row: Row) throws(RowDecodingError) {
        let trace = Trace(correlation: try row.read("correlation"), causation: try row.find("causation"))
        self.init(
            id: try row.read("id"), module: try row.read("module"), name: try row.read("name"), body: try row.read("body"),
            asker: try row.read("asker"), context: AskContext(trace: trace, deadline: try row.read("deadline")))
    }

    /// The form in which it fits into a notice. Nil for texts that are not one.
    init?(_ text: String) {
        guard let json = try? JSON.parse(text), let id = json["id"]?.text, let module = json["module"]?.text, let name = json["name"]?.text,
            let body = json["body"], let asker = json["asker"]?.text, let correlation = json["correlation"]?.text,
            let deadline = json["deadline"]?.integer
        else { return nil }
        let trace = Trace(correlation: correlation, causation: json["causation"]?.text)
        let context = AskContext(trace: trace, deadline: Timestamp(milliseconds: deadline))
        self.init(id: id, module: module, name: name, body: body, asker: asker, context: context)
    }

    var text: String {
        let json: JSON = [
            "id": .string(id), "module": .string(module), "name": .string(name), "body": body, "asker": .string(asker),
            "correlation": .string(context.trace.correlation), "causation": context.trace.causation.map(JSON.string),
            "deadline": .int(context.deadline.milliseconds),
        ]
        return json.encoded
    }
}

/// A reply on its way back.
struct ReplyMessage: Sendable {
    let id: String
    let name: String
    let outcome: Result<JSON, any Error>

    init(to ask: AskMessage, _ outcome: Result<JSON, any Error>) { (id, name, self.outcome) = (ask.id, ask.name, outcome) }

    init(_ row: Row) throws(RowDecodingError) {
        id = try row.read("id")
        name = try row.read("name")
        if let reply = try row.find("reply", as: JSON.self) {
            outcome = .success(reply)
        } else {
            outcome = .failure(WireFailure.read(try row.read("failure"), name: name))
        }
    }

    /// The form in which it fits into a notice. Nil for texts that are not one.
    init?(_ text: String) {
        guard let json = try? JSON.parse(text), let id = json["id"]?.text, let name = json["name"]?.text else { return nil }
        (self.id, self.name) = (id, name)
        if let failure = json["failure"]?.text {
            outcome = .failure(WireFailure.read(failure, name: name))
        } else {
            outcome = .success(json["reply"] ?? .null)
        }
    }

    /// The failure as it travels; nil for a success.
    var failure: String? { if case .failure(let error) = outcome { WireFailure.text(of: error) } else { nil } }
    var reply: JSON? { try? outcome.get() }

    var text: String {
        let json: JSON = ["id": .string(id), "name": .string(name), "reply": reply, "failure": failure.map(JSON.string)]
        return json.encoded
    }
}
