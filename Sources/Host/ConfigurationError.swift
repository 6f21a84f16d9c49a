/// Why the process cannot start: all problems, in words.
public struct ConfigurationError: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }

    init(_ problems: [String]) { self.init(problems.count == 1 ? problems[0] : problems.map { "\n  - \($0)" }.joined()) }
}
