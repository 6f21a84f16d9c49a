import Kernel

/// How shadow documents are merged, stamped and compared.
enum Merge {
    /// Members of objects are merged, null removes, everything else (lists too) replaces.
    static func merge(_ part: JSON, into old: JSON, _ oldTimes: JSON, at now: Moment) -> (JSON, JSON) {
        guard case .object(let part) = part else { return part.isNull ? (.null, .null) : (part, stamped(part, at: now)) }
        var merged = old.members ?? [:], times = old.members == nil ? [:] : oldTimes.members ?? [:]
        for member in part {
            if member.value.isNull { merged[member.key] = nil; times[member.key] = nil; continue }
            let (value, time) = merge(member.value, into: merged[member.key] ?? .null, times[member.key] ?? .null, at: now)
            (merged[member.key], times[member.key]) = (value, time)
        }
        return (.object(merged), .object(times))
    }

    /// The document with `{"timestamp": seconds}` in the place of every leaf.
    static func stamped(_ document: JSON, at now: Moment) -> JSON {
        switch document {
        case .object(let object):
            var times: JSON.Object = [:]
            for member in object where !member.value.isNull { times[member.key] = stamped(member.value, at: now) }
            return .object(times)
        case .array(let items): return .array(items.map { stamped($0, at: now) })
        default: return ["timestamp": .int(now.seconds)]
        }
    }

    /// The members of `wanted` that `known` lacks or has otherwise, with their times.
    static func difference(of wanted: JSON, _ times: JSON, from known: JSON) -> (state: JSON, times: JSON)? {
        guard case .object(let object) = wanted, let other = known.members else {
            return wanted == known || wanted.isNull || wanted == .object([:]) ? nil : (wanted, times)
        }
        var state: JSON.Object = [:], stamps: JSON.Object = [:]
        for member in object {
            guard let found = difference(of: member.value, times[member.key] ?? .null, from: other[member.key] ?? .null) else { continue }
            (state[member.key], stamps[member.key]) = (found.state, found.times)
        }
        return state.isEmpty ? nil : (.object(state), .object(stamps))
    }

    /// Levels of nesting: 0 for a leaf.
    static func depth(of document: JSON) -> Int {
        switch document {
        case .object(let object): 1 + (object.map { depth(of: $0.value) }.max() ?? 0)
        case .array(let items): 1 + (items.map { depth(of: $0) }.max() ?? 0)
        default: 0
        }
    }
}
