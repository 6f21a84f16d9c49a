/// Which files of a target name types that other files of it declare.
struct FileGraph {
    private var edges: [String: [String]] = [:]

    /// - Parameter files: paths with the code in them.
    init(_ files: [(path: String, code: String)]) {
        let declaration = /(?:^|\n)(?:public |package |final |indirect )*(?:struct|enum|class|protocol|actor|typealias) (\w+)/
        let nested = /\b(?:struct|enum|class|protocol|typealias|associatedtype) (\w+)/, name = /(^|[^.\w])([A-Z]\w*)/
        var home: [Substring: String] = [:]
        for file in files { for match in file.code.matches(of: declaration) { home[match.1] = home[match.1] ?? file.path } }
        for file in files {
            let own = Set(file.code.matches(of: nested).map(\.1))
            let used = Set(file.code.matches(of: name).map(\.2)).subtracting(own)
            edges[file.path] = Set(used.compactMap { home[$0] }).subtracting([file.path]).sorted()
        }
    }

    /// The files of one circle, the first once more at its end; nil when there is none.
    var circle: [String]? {
        var done: Set<String> = []
        for file in edges.keys.sorted() {
            if let circle = circle(from: file, after: [], &done) { return circle }
        }
        return nil
    }

    private func circle(from file: String, after path: [String], _ done: inout Set<String>) -> [String]? {
        if let place = path.firstIndex(of: file) { return path[place...] + [file] }
        guard !done.contains(file) else { return nil }
        for next in edges[file] ?? [] {
            if let circle = circle(from: next, after: path + [file], &done) { return circle }
        }
        done.insert(file)
        return nil
    }
}
