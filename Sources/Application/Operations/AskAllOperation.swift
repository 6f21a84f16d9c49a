public import Kernel

/// A question that every module answers for itself.
public protocol ModuleQuestion: Codable, Sendable {
    associatedtype Reply: Codable & Sendable
    static var name: String { get }
    /// How long a module may take to answer.
    static var timeout: Duration { get }
}

/// A result assembled from the replies of all modules.
public protocol AskAll: Sendable {
    associatedtype Question: ModuleQuestion
    associatedtype Whole: Sendable
    var question: Question { get }
    static var shape: Shape<Whole> { get }
    /// The message when no module knows anything; nil when that cannot happen.
    static var missing: String? { get }
    /// Returns the whole result; nil when no module knows anything.
    /// - Parameter unavailable: the modules that did not answer.
    func whole(_ replies: [Question.Reply], unavailable: [String]) -> Whole?
}

extension ModuleQuestion {
    public static var timeout: Duration { .seconds(5) }
    static func name(of module: String) -> String { "\(module).\(name)" }
}

extension AskHandler {
    /// Creates the handler of one module for a question that all modules are asked.
    public init<Q: ModuleQuestion>(_ type: Q.Type, of module: String, _ answer: @escaping @Sendable (Q) async throws -> Q.Reply) {
        self.init(Q.name(of: module)) { body in try JSON(encoding: await answer(try body.decoded())) }
    }
}

extension Bus {
    /// Asks one module a question that all modules can answer.
    public func ask<Q: ModuleQuestion>(_ question: Q, module: String, trace: Trace, now: Timestamp, timeout: Duration = Q.timeout)
        async throws -> Q.Reply
    {
        try await ask(Q.name(of: module), of: module, try JSON(encoding: question), trace: trace, now: now, timeout: timeout).decoded()
    }

    /// Asks modules concurrently. A module that does not answer is named and delays the result by no more than its timeout.
    public func askAll<Q: ModuleQuestion>(_ question: Q, modules: [String], trace: Trace, now: Timestamp) async -> (
        replies: [Q.Reply], unavailable: [String]
    ) {
        await withTaskGroup(of: (Int, Q.Reply?).self) { group in
            for (place, module) in modules.enumerated() {
                group.addTask { (place, try? await ask(question, module: module, trace: trace, now: now)) }
            }
            let found = await group.reduce(into: [Int: Q.Reply]()) { if let reply = $1.1 { $0[$1.0] = reply } }
            return (modules.indices.compactMap { found[$0] }, modules.indices.filter { found[$0] == nil }.map { modules[$0] })
        }
    }
}

extension Operation {
    /// An operation that asks every module.
    /// - Parameter modules: returns the names of all modules; called when a request comes.
    public static func askAll<A: AskAll, each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow rule: Rule<A, NoSubject>, of modules: @escaping @Sendable () -> [String],
        inputs: Inputs<repeat each Input>, make: @escaping @Sendable (repeat each Input) -> A
    ) -> Operation {
        let answers =
            [ResponseSpec(200, "What the modules say.", A.shape.schema)] + (A.missing.map { [ResponseSpec(404, $0)] } ?? []) + [
                .unavailable
            ]
        return Operation(.askAll, method, path, summary, allow: rule, fields: inputs.docs, answers: answers) { request, services in
            let inputs = try inputs.read(request), wanted = make(repeat each inputs)
            try await rule.check(wanted, NoSubject(), request.caller, services)
            let (replies, unavailable) = await services.bus.askAll(
                wanted.question, modules: modules(), trace: request.trace, now: services.clock())
            if let whole = wanted.whole(replies, unavailable: unavailable) { return .json(200, A.shape.json(whole)) }
            // One of the modules that did not answer may know it.
            guard unavailable.isEmpty else {
                throw RequestError.unavailable("No answer from \(unavailable.joined(separator: ", ")).", retryAfter: .seconds(2))
            }
            throw RequestError.refused(.unknown, code: nil, message: A.missing ?? "There is no such thing.")
        }
    }
}
