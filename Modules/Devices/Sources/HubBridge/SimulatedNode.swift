import DevicesContracts
import Kernel

/// A Matter node as python-matter-server dumps it, and as the bridge in a hub presents it.
struct SimulatedNode: Sendable {
    private let attributes: JSON.Object
    /// Types that say what a node is made of, and not what it is: OTA requestor, power source, root node, aggregator, bridged node.
    private static let parts: Set<Int64> = [14, 17, 18, 19, 22]

    /// - Parameter attributes: keyed `endpoint/cluster/attribute`.
    init(_ attributes: JSON) { self.attributes = attributes.members ?? [:] }

    /// Its identity: what it is, who made it, which hub it stands behind.
    func info(of thing: ThingName, behind hub: String) -> JSON.Object {
        var info: JSON.Object = ["bridge_uuid": .string(hub), "uuid": thing.json]
        for member in attributes where cluster(of: member.key) == "40" { info[member.key] = member.value }
        if let (endpoint, type) = type { info["\(endpoint)/29/0"] = .int(type) }
        return info
    }

    /// Everything that may change.
    var state: JSON.Object {
        var state: JSON.Object = ["available": true]
        for member in attributes where !["29", "40"].contains(cluster(of: member.key)) { state[member.key] = member.value }
        return state
    }

    /// The type of the node and its endpoint. A dump lists types with their revision; the bridge chooses one.
    private var type: (endpoint: Int, type: Int64)? {
        let all = attributes.members.compactMap { member -> (Int, Int64)? in
            let path = member.key.split(separator: "/")
            guard path.count == 3, path[1] == "29", path[2] == "0", let endpoint = Int(path[0]) else { return nil }
            let types = member.value.items?.compactMap { $0["0"]?.integer } ?? [member.value.integer].compactMap(\.self)
            return types.first { !Self.parts.contains($0) }.map { (endpoint, $0) }
        }
        return all.min { $0.0 < $1.0 }
    }

    private func cluster(of path: String) -> Substring { path.split(separator: "/").dropFirst().first ?? "" }
}
