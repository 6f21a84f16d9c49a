/// The inputs of an operation, in the order of its initialiser's parameters.
public struct Inputs<each Value: Sendable>: Sendable {
    let fields: (repeat Field<each Value>)
    package let docs: [FieldDoc]

    public init(_ fields: repeat Field<each Value>) {
        self.fields = (repeat each fields)
        var docs: [FieldDoc] = []
        for field in repeat each fields { if let doc = field.doc { docs.append(doc) } }
        self.docs = docs
    }

    /// Reads every input and reports all problems at once.
    package func read(_ request: Request) throws -> (repeat each Value) {
        var reading = Reading()
        let values = self.values(in: request, &reading)
        try reading.check()
        return try all(of: repeat each values)
    }

    /// Returns the values, nil where there is a problem; for inputs that are read together with others.
    package func values(in request: Request, _ reading: inout Reading) -> (repeat (each Value)?) {
        func value<V>(of field: Field<V>) -> V? { field.read(request, &reading) }
        return (repeat value(of: each fields))
    }

    package func all(of values: repeat (each Value)?) throws -> (repeat each Value) { (repeat try found(each values)) }

    private func found<V>(_ value: V?) throws -> V {
        guard let value else { throw RequestError.problems([Problem("request", "could not be read")]) }
        return value
    }
}

extension Reading {
    /// Throws all problems at once, if there are any.
    package func check() throws { if !problems.isEmpty { throw RequestError.problems(problems) } }
}
