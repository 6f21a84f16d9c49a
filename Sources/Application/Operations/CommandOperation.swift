public import Kernel

/// The response of an operation to the result of its command.
public struct CommandResponse<C: Command>: Sendable {
    public typealias Member = Shape<CommandResult<C>>.Member

    private enum Form: Sendable {
        /// 201 when the aggregate was created and 200 otherwise, with id, version and event.
        case standard(showsEvent: Bool)
        /// A custom status and custom members.
        case own(Int)
    }
    private let form: Form
    private let shape: Shape<CommandResult<C>>

    private init(_ form: Form, _ shape: Shape<CommandResult<C>>) {
        self.form = form
        self.shape = shape
    }

    /// The event and nothing else.
    public static var event: CommandResponse { CommandResponse(.standard(showsEvent: true), Shape(base + [firstEvent])) }
    /// Only that it is done; the event is not shown.
    public static var accepted: CommandResponse { CommandResponse(.standard(showsEvent: false), Shape(base)) }
    /// The event and further members.
    public static func event(and members: Member...) -> CommandResponse {
        CommandResponse(.standard(showsEvent: true), Shape(base + [firstEvent] + members))
    }
    /// A custom response.
    public static func only(_ status: Int = 200, _ members: Member...) -> CommandResponse { CommandResponse(.own(status), Shape(members)) }
    public static func only(_ status: Int = 200, _ shape: Shape<CommandResult<C>>) -> CommandResponse {
        CommandResponse(.own(status), shape)
    }

    private static var base: [Member] {
        [.constant("success", true), .json("aggregateId", .string) { .string($0.id) }, .json("version", .integer) { $0.version.json }]
    }
    private static var firstEvent: Member {
        .json("event", Schema.object(["type": .string, "data": .object]).nullable) { result in
            result.wire.first.map { ["type": .string($0.type), "data": .object($0.data)] } ?? .null
        }
    }

    func response(_ result: CommandResult<C>) -> Response {
        var headers: [String: String] = [:]
        headers["X-Action-Id"] = result.receipt?.action?.text
        if result.receipt?.isOffline == true { headers["X-Device-Offline"] = "true" }
        let status = if case .own(let status) = form { status } else { result.wasCreated ? 201 : 200 }
        return .json(status, shape.json(result), headers: headers)
    }

    /// The responses as documents show them.
    var answers: [ResponseSpec] {
        let schema = shape.schema,
            unknown = C.createsAggregate ? [] : [ResponseSpec(C.refusalIfMissing.status, "There is no such \(C.Target.category.name).")]
        switch form {
        case .own(let status): return [ResponseSpec(status, "Done.", schema)] + unknown
        case .standard:
            let created = C.createsAggregate ? [ResponseSpec(201, "Created.", schema)] : []
            return [ResponseSpec(200, "Done; `event` is null when nothing had to change.", schema)] + created + unknown
        }
    }
}

extension Operation {
    /// An operation that turns a request into one command, and what the command did into a response.
    public static func command<C: Command, each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow rule: Rule<C, C.Target>, answer: CommandResponse<C> = .event,
        inputs: Inputs<repeat each Input>, make: @escaping @Sendable (repeat each Input) -> C
    ) -> Operation {
        let answers = answer.answers + ResponseSpec.all(of: C.Refusal.self) + C.effectAnswers
        var operation = Operation(.command, method, path, summary, allow: rule, fields: inputs.docs, answers: answers, checksEpoch: true) {
            request, services in
            let inputs = try inputs.read(request), command = make(repeat each inputs)
            let executor = CommandExecutor(command: command, rule: rule, request: request, services: services) { answer.response($0) }
            return answer.response(try await executor.run())
        }
        operation.aggregate = C.Target.category
        operation.createsAggregate = C.createsAggregate
        return operation
    }
}
