/// The inputs of an operation, in the order in which its initialiser takes them.
public struct Inputs<each Value: Sendable>: Sendable {
    let fields: (repeat Field<each Value>)
    let docs: [FieldDoc]

    public init(_ fields: repeat Field<each Value>) {
        self.fields = (repeat each fields)
        var docs: [FieldDoc] = []
        for field in repeat each fields { if let doc = field.doc { docs.append(doc) } }
        self.docs = docs
    }

    /// Reads every input and reports all problems at once.
    func read(_ request: Request) throws -> (repeat each Value) {
        var reading = Reading()
        func value<V>(of field: Field<V>) -> V? { field.read(request, &reading) }
        let values = (repeat value(of: each fields))
        guard reading.problems.isEmpty else { throw RequestError.problems(reading.problems) }
        return (repeat try found(each values))
    }

    private func found<V>(_ value: V?) throws -> V {
        guard let value else { throw RequestError.problems([Problem("request", "could not be read")]) }
        return value
    }
}
