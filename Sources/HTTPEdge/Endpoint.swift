public import Application
public import struct Application.Operation

/// An operation with the services of its module.
public struct Endpoint: Sendable {
    public let operation: Operation
    public let services: Services
    public init(_ operation: Operation, _ services: Services) { (self.operation, self.services) = (operation, services) }
}
