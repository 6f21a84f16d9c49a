import Kernel

/// Merges, timestamps and compares shadow documents.
struct Merge {
    /// Number of values visited: at most as many as the documents have, whatever they contain.
    private(set) var visits = 0

    /// Merges members of objects; null removes a member, and everything else (including lists) replaces it.
    mutating func merge(_ part: JSON, into old: JSON, _ oldTimes: JSON, at now: Timestamp) -> (JSON, JSON) {
        visits += 1
        guard case .object(let part) = part else { return part.isNull ? (.null, .null) : (part, stamped(part, at: now)) }
        var merged = old.members ?? [:], times = old.members == nil ? [:] : oldTimes.members ?? [:]
        for member in part {
            if member.value.isNull { merged[member.key] = nil; times[member.key] = nil; continue }
            let (value, time) = merge(member.value, into: merged[member.key] ?? .null, times[member.key] ?? .null, at: now)
            (merged[member.key], times[member.key]) = (value, time)
        }
        return (.object(merged), .object(times))
    }

    /// Returns the document with `{"timestamp": seconds}` in the place of every leaf.
    mutating func stamped(_ document: JSON, at now: Timestamp) -> JSON {
        visits += 1
        switch document {
        case .object(let object):
            var times: JSON.Object = [:]
            for member in object where !member.value.isNull { times[member.key] = stamped(member.value, at: now) }
            return .object(times)
        case .array(let items):
            var times: [JSON] = []
            for item in items { times.append(stamped(item, at: now)) }
            return .array(times)
        default: return ["timestamp": .int(now.seconds)]
        }
    }

    /// Returns the members of `wanted` that `known` lacks or has with another value, with their timestamps.
    mutating func difference(of wanted: JSON, _ times: JSON, from known: JSON) -> (state: JSON, times: JSON)? {
        visits += 1
        guard case .object(let object) = wanted, let other = known.members else {
            return wanted == known || wanted.isNull ? nil : (wanted, times)
        }
        var state: JSON.Object = [:], stamps: JSON.Object = [:]
        for member in object {
            guard let found = difference(of: member.value, times[member.key] ?? .null, from: other[member.key] ?? .null) else { continue }
            (state[member.key], stamps[member.key]) = (found.state, found.times)
        }
        return state.isEmpty ? nil : (.object(state), .object(stamps))
    }

    /// Returns the levels of nesting: 0 for a leaf.
    static func depth(of document: JSON) -> Int {
        switch document {
        case .object(let object): 1 + (object.map { depth(of: $0.value) }.max() ?? 0)
        case .array(let items): 1 + (items.map { depth(of: $0) }.max() ?? 0)
        default: 0
        }
    }
}
