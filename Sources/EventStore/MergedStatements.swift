import Kernel
import Synchronization

/// Merges INSERTs that differ only in their values into one statement over arrays, because each statement costs the server more than most
/// of the rows. Only statements that say so are merged (`SQL.mergeable`). Updates are not: as a join of the arrays with the table, their
/// plan depends on the size that the table had when it was made.
struct MergedStatements {
    /// Statements of the same text whose values are null in the same places.
    fileprivate struct Group {
        let shape: Shape
        var members: [SQL]
        var keys: Set<SQLValue>
    }
    struct Shape: Hashable {
        let text: String
        let nulls: [Bool]

        init(_ statement: SQL) { (text, nulls) = (statement.text, statement.values.map { $0 == .null }) }
    }
    private var groups: [Group] = []

    /// Returns the statements of some commits. Those of one commit keep their order.
    static func merge(_ commits: [[SQL]]) -> [SQL] {
        var merged = MergedStatements()
        for statements in commits {
            var first = 0
            for statement in statements { first = merged.add(statement, notBefore: first) }
        }
        return merged.groups.flatMap(\.statements)
    }

    /// Returns the place of the group that has taken the statement.
    private mutating func add(_ statement: SQL, notBefore first: Int) -> Int {
        let shape = Shape(statement)
        if let key = statement.mergeKey,
            let place = groups.indices.dropFirst(first).first(where: { groups[$0].shape == shape && !groups[$0].keys.contains(key) })
        {
            groups[place].members.append(statement)
            groups[place].keys.insert(key)
            return place
        }
        groups.append(Group(shape: shape, members: [statement], keys: statement.mergeKey.map { [$0] } ?? []))
        return groups.count - 1
    }
}

extension MergedStatements.Group {
    /// One statement, or all of them where they have no form over arrays.
    fileprivate var statements: [SQL] {
        guard members.count > 1, let text = ArrayForm.text(of: members[0], shape) else { return members }
        let places = shape.nulls.indices.filter { !shape.nulls[$0] }
        return [SQL(text: text, values: places.map { place in ArrayForm.array(members.map { $0.values[place] }) })]
    }
}

/// The form of a statement that takes arrays: every value becomes a column of `unnest`.
private enum ArrayForm {
    private static let known = Mutex<[MergedStatements.Shape: String?]>([:])
    private static let limit = 1_000

    static func text(of statement: SQL, _ shape: MergedStatements.Shape) -> String? {
        if let text = known.withLock({ $0[shape] }) { return text }
        let text = transformed(statement, shape)
        known.withLock { known in
            if known.count >= limit { known = [:] }
            known[shape] = text
        }
        return text
    }

    /// Returns one array of all values in a place. None of them is null, and all are of one kind.
    static func array(_ values: [SQLValue]) -> SQLValue {
        if case .int = values[0] { return .ints(values.map { if case .int(let number) = $0 { number } else { 0 } }) }
        return .texts(
            values.map { value in
                switch value {
                case .text(let text): text
                case .bool(let flag): flag ? "t" : "f"
                case .double(let number): "\(number)"
                case .int(let number): "\(number)"
                case .null, .bytes, .ints, .texts: nil
                }
            })
    }

    private static func type(of value: SQLValue) -> String? {
        switch value {
        case .int: "BIGINT"
        case .text: "TEXT"
        case .bool: "BOOLEAN"
        case .double: "DOUBLE PRECISION"
        case .null, .bytes, .ints, .texts: nil
        }
    }

    /// Returns nil for a statement that has no such form.
    private static func transformed(_ statement: SQL, _ shape: MergedStatements.Shape) -> String? {
        let places = shape.nulls.indices.filter { !shape.nulls[$0] }
        var arrays: [String] = []
        for (number, place) in places.enumerated() {
            guard let type = type(of: statement.values[place]) else { return nil }
            arrays.append("CAST($\(number + 1) AS \(type)[])")
        }
        let columns = places.indices.map { "c\($0 + 1)" }.joined(separator: ", ")
        let source = "unnest(\(arrays.joined(separator: ", "))) AS r(\(columns))"
        let names = shape.nulls.indices.map { place in shape.nulls[place] ? "NULL" : "r.c\(places.firstIndex(of: place)! + 1)" }
        let text = statement.text
        guard text.hasPrefix("INSERT "), let list = values(in: text) else { return nil }
        let rest = text[list.after...]
        guard !rest.contains("$") else { return nil }
        return text[..<list.keyword] + "SELECT " + renamed(text[list.inner], names) + " FROM " + source + rest
    }

    private struct ValueList {
        /// Where VALUES begins.
        let keyword: String.Index
        /// What stands between its parentheses.
        let inner: Range<String.Index>
        let after: String.Index
    }

    private static func values(in text: String) -> ValueList? {
        guard let keyword = text.firstRange(of: "VALUES (") else { return nil }
        var depth = 1, place = keyword.upperBound
        while place < text.endIndex {
            switch text[place] {
            case "(": depth += 1
            case ")":
                depth -= 1
                if depth == 0 {
                    return ValueList(keyword: keyword.lowerBound, inner: keyword.upperBound..<place, after: text.index(after: place))
                }
            default: break
            }
            place = text.index(after: place)
        }
        return nil
    }

    /// Replaces the placeholders by names.
    private static func renamed(_ text: Substring, _ names: [String]) -> String {
        var renamed = "", rest = text
        while let place = rest.firstIndex(of: "$") {
            renamed += rest[..<place]
            let digits = rest[rest.index(after: place)...].prefix { $0.isASCII && $0.isNumber }
            renamed += Int(digits).map { names[$0 - 1] } ?? "$"
            rest = rest[digits.endIndex...]
        }
        return renamed + rest
    }
}
