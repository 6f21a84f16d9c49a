public import Kernel

/// A query whose result is not an aggregate: rows of a view, a setting, another module's reply.
public protocol Lookup: Sendable {
    /// The result; the rule checks it before any of it is shown.
    associatedtype Found: Sendable
    static var shape: Shape<Found> { get }
    /// The message when nothing is found; nil when that cannot happen.
    static var missing: String? { get }
    func find(_ request: Request, _ services: Services) async throws -> Found?
}

extension Operation {
    /// An operation that looks something up.
    public static func lookup<L: Lookup, each Input: Sendable>(
        _ path: String, _ summary: String, allow rule: Rule<L, L.Found>, inputs: Inputs<repeat each Input>, answers: [ResponseSpec] = [],
        make: @escaping @Sendable (repeat each Input) -> L
    ) -> Operation {
        let all = [ResponseSpec(200, "The answer.", L.shape.schema)] + (L.missing.map { [ResponseSpec(404, $0)] } ?? []) + answers
        return Operation(.lookup, .get, path, summary, allow: rule, fields: inputs.docs, answers: all) { request, services in
            let inputs = try inputs.read(request), lookup = make(repeat each inputs)
            guard let found = try await lookup.find(request, services) else {
                throw RequestError.refused(.unknown, code: nil, message: L.missing ?? "There is no such thing.")
            }
            try await rule.check(lookup, found, request.caller, services)
            return .json(200, L.shape.json(found))
        }
    }
}
