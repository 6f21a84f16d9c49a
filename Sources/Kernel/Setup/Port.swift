/// A party outside the module, as a value of closures: the host plugs the live side in, tests plug in what answers as they say.
public protocol Port: Sendable {
    /// As messages name it: "the device link".
    static var title: String { get }
    /// Whether it can be used now; readiness asks.
    var isReady: Bool { get }
}

extension Port {
    /// True of parties that are asked anew each time.
    public var isReady: Bool { true }
}

/// That a module uses a port.
public struct PortUse: Sendable {
    public let title: String
    /// Whether the module cannot start without it. What needs an optional port that is not there answers 503 `NotConfigured`.
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

/// The live sides of ports, by the type of the port.
public struct Ports: Sendable {
    private var all: [ObjectIdentifier: any Port] = [:]

    public init() {}
    public init<each P: Port>(_ ports: repeat each P) { for port in repeat each ports { plug(port) } }

    public mutating func plug<P: Port>(_ port: P) { all[ObjectIdentifier(P.self)] = port }

    /// The required ones that nobody has plugged in.
    public func missing(of uses: [PortUse]) -> [String] { uses.filter { $0.isRequired && all[$0.id] == nil }.map(\.title) }
    /// Those that cannot be used now.
    public func unready(of uses: [PortUse]) -> [String] { uses.filter { all[$0.id]?.isReady == false }.map(\.title) }

    package func find<P: Port>(_ type: P.Type) -> P? { all[ObjectIdentifier(type)] as? P }
}
