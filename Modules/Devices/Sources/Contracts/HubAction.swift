public import Kernel

/// Asks what has become of a command that was sent to a hub.
public struct HubAction: Ask {
    public static let name = "devices.HubAction", module = "devices"
    public static let timeout = Duration.seconds(2)
    public let action: ActionID
    public init(action: ActionID) { self.action = action }

    /// The member of a command's context that names the operation.
    public static let mark = "hubAction"

    public struct Progress: Codable, Sendable, Equatable {
        public enum Status: String, Codable, Sendable { case pending, success, error }
        /// The operation that sent the command.
        public let operation: String
        public let status: Status
        /// What the hub answered.
        public let result: JSON?
        /// Why it failed.
        public let error: String?
        /// The tenant of the hub.
        public let org: OrgID?
        public let createdAt: Timestamp
        public let finishedAt: Timestamp?

        public init(
            operation: String, status: Status, result: JSON?, error: String?, org: OrgID?, createdAt: Timestamp, finishedAt: Timestamp?
        ) {
            self.operation = operation
            self.status = status
            self.result = result
            self.error = error
            self.org = org
            self.createdAt = createdAt
            self.finishedAt = finishedAt
        }
    }

    public struct Reply: Codable, Sendable, Equatable {
        /// Nil for an unknown action, or one that is not a hub's.
        public let progress: Progress?
        public init(progress: Progress?) { self.progress = progress }
    }
}
