/// Changes that commit in one transaction with something else: with a command's events or with a subscription's checkpoint.
public struct Changes: Sendable {
    public var appends: [Append] = []
    public var rows: [SQL] = []
    public init(appends: [Append] = [], rows: [SQL] = []) { (self.appends, self.rows) = (appends, rows) }
    public static let none = Changes()
    public mutating func append(_ others: Changes) {
        appends += others.appends
        rows += others.rows
    }
}
