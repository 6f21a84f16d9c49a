/// What becomes true in one transaction with something else: with the events of a command, or with the checkpoint of a subscription.
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
