public import Kernel

/// A paginated list.
public protocol ListQuery: Sendable {
    /// What the rule checks; read before any item of the list.
    associatedtype Subject: Sendable = NoSubject
    associatedtype Item: Sendable
    /// The name of the member that holds the items.
    static var name: String { get }
    static var shape: Shape<Item> { get }
    /// The number of items on a page when the caller gives none.
    static var usualLimit: Int { get }
    func subject(_ request: Request, _ services: Services) async throws -> Subject
    func page(_ page: PageRequest, of subject: Subject, _ request: Request, _ services: Services) async throws -> Page<Item>
}

/// For lists whose rule needs no subject.
public struct NoSubject: Sendable {
    public init() {}
}

extension ListQuery {
    public static var usualLimit: Int { 50 }
}

extension ListQuery where Subject == NoSubject {
    public func subject(_ request: Request, _ services: Services) async throws -> NoSubject { NoSubject() }
}

extension Operation {
    /// An operation that returns a list page by page. `limit` and `cursor` are added to its inputs, `nextCursor` to its response.
    public static func list<L: ListQuery, each Input: Sendable>(
        _ path: String, _ summary: String, allow rule: Rule<L, L.Subject>, inputs: Inputs<repeat each Input>, answers: [ResponseSpec] = [],
        make: @escaping @Sendable (repeat each Input) -> L
    ) -> Operation {
        let paging = Inputs<PageLimit?, Cursor?>(
            .query("limit", "At most this many; \(L.usualLimit) when absent."),
            .query("cursor", "Only what follows: `nextCursor` of the page before."))
        let shape = Shape<Page<L.Item>>(.list(L.name, of: L.shape) { $0.items }, .member("nextCursor") { $0.next.map(Cursor.init) })
        let all = [ResponseSpec(200, "A page; `nextCursor` is there while more follow.", shape.schema)] + answers
        return Operation(.list, .get, path, summary, allow: rule, fields: inputs.docs + paging.docs, answers: all) { request, services in
            var reading = Reading()
            let values = inputs.values(in: request, &reading), place = paging.values(in: request, &reading)
            try reading.check()
            let given = try inputs.all(of: repeat each values), list = make(repeat each given)
            let (limit, cursor) = try paging.all(of: place.0, place.1)
            let subject = try await list.subject(request, services)
            try await rule.check(list, subject, request.caller, services)
            let wanted = PageRequest(limit: limit?.number ?? L.usualLimit, after: cursor?.key)
            return .json(200, shape.json(try await list.page(wanted, of: subject, request, services)))
        }
    }
}
