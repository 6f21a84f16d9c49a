public import Kernel

/// A request that another process decides: the one that holds the link to a thing. It responds with what that process replies.
public protocol Relay: Sendable {
    associatedtype Question: Ask
    /// The question; it carries whoever asks, because the rule is enforced where the question is decided.
    func question(from caller: Caller) throws -> Question
    func response(to reply: Question.Reply) throws -> Response
}

extension Operation {
    /// An operation that is decided where its question is answered. Here its rule is checked against the caller alone.
    public static func relay<R: Relay, each Input: Sendable>(
        _ method: Method, _ path: String, _ summary: String, allow rule: Rule<R, NoSubject>, answers: [ResponseSpec],
        inputs: Inputs<repeat each Input>, make: @escaping @Sendable (repeat each Input) -> R
    ) -> Operation {
        Operation(.relay, method, path, summary, allow: rule, fields: inputs.docs, answers: answers + [.unavailable]) { request, services in
            let inputs = try inputs.read(request), relay = make(repeat each inputs)
            try await rule.check(relay, NoSubject(), request.caller, services)
            let reply = try await services.bus.ask(try relay.question(from: request.caller), trace: request.trace, now: services.clock())
            return try relay.response(to: reply)
        }
    }
}
