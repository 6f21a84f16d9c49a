/// A party outside the module, as a value of closures: the host plugs in the live implementation, tests plug in a fake.
public protocol Port: Sendable {
    /// Its name in messages, without an article: "device link".
    static var title: String { get }
    /// Whether it can be used now; readiness checks this.
    var isReady: Bool { get }
}

extension Port {
    /// True by default, for parties that are contacted afresh each time.
    public var isReady: Bool { true }
}

/// Declares that a module uses a port.
public struct PortUse: Sendable {
    public let title: String
    /// Whether the module cannot start without it. Operations that need an optional port that is missing answer 503 `NotConfigured`.
    public let isRequired: Bool
    let id: ObjectIdentifier

    private init<P: Port>(_ type: P.Type, isRequired: Bool) {
        title = P.title
        id = ObjectIdentifier(type)
        self.isRequired = isRequired
    }

    public static func required<P: Port>(_ type: P.Type) -> PortUse { PortUse(type, isRequired: true) }
    public static func optional<P: Port>(_ type: P.Type) -> PortUse { PortUse(type, isRequired: false) }
}

/// The live implementations of ports, by port type.
public struct Ports: Sendable {
    private var all: [ObjectIdentifier: any Port] = [:]

    public init() {}
    public init<each P: Port>(_ ports: repeat each P) { for port in repeat each ports { plug(port) } }

    public mutating func plug<P: Port>(_ port: P) { all[ObjectIdentifier(P.self)] = port }

    /// Returns the titles of the required ports that are not plugged in.
    public func missing(of uses: [PortUse]) -> [String] { uses.filter { $0.isRequired && all[$0.id] == nil }.map(\.title) }
    /// Returns the titles of the ports that cannot be used now.
    public func unready(of uses: [PortUse]) -> [String] { uses.filter { all[$0.id]?.isReady == false }.map(\.title) }

    package func find<P: Port>(_ type: P.Type) -> P? { all[ObjectIdentifier(type)] as? P }
}
