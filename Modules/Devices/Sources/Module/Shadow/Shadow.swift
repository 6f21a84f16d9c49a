import DevicesContracts
import Kernel

/// A device shadow: the desired and reported state of a thing, by the rules of AWS IoT Device Shadows.
///
/// A value type: every request returns what to publish; the caller stores the shadow first.
struct Shadow: Sendable, Equatable, Codable {
    private(set) var desired: JSON = .null
    private(set) var reported: JSON = .null
    /// When each leaf was written, in the shape of the document: `{"timestamp": seconds}` in the place of every leaf.
    private(set) var desiredTimes: JSON = .null
    private(set) var reportedTimes: JSON = .null
    /// Counts accepted changes; continues after a deletion.
    private(set) var version = 0
    private(set) var isDeleted = true
    /// Revision of the stored row it was read from; not part of the document.
    var revision: Int64 = 0
    /// About how many bytes it takes in memory; not part of the document.
    private(set) var size = 1 << 10

    private enum CodingKeys: CodingKey { case desired, reported, desiredTimes, reportedTimes, version, isDeleted }

    /// Whether it is not stored yet.
    var isNew: Bool { revision == 0 }

    /// Notes how long the text was that it was read from.
    mutating func isRead(bytes: Int) { size = max(size, bytes * 2) }

    /// Marks this value as the stored row.
    mutating func isStored() { revision += 1 }

    /// Why a request was rejected, with AWS's error codes.
    struct Rejection: Error, Sendable, Equatable, Codable {
        let code: Int
        let message: String

        static let malformed = Rejection(code: 400, message: "Invalid JSON")
        static let noState = Rejection(code: 400, message: "Missing required node: state")
        static let badState = Rejection(code: 400, message: "State node must be an object")
        static let badDesired = Rejection(code: 400, message: "Desired node must be an object")
        static let badReported = Rejection(code: 400, message: "Reported node must be an object")
        static func badNode(_ name: String) -> Rejection { Rejection(code: 400, message: "State contains an invalid node: '\(name)'") }
        static let badVersion = Rejection(code: 400, message: "Invalid version")
        static let badToken = Rejection(code: 400, message: "Invalid clientToken")
        static let badName = Rejection(code: 400, message: "Invalid shadow name")
        static let tooDeep = Rejection(code: 400, message: "JSON contains too many levels of nesting; maximum is 8")
        static let forbidden = Rejection(code: 403, message: "Only the service writes the desired state of this shadow")
        static let foreign = Rejection(code: 403, message: "The thing belongs to another tenant")
        static let noThing = Rejection(code: 404, message: "Thing not found")
        static let conflict = Rejection(code: 409, message: "Version conflict")
        static let tooLarge = Rejection(code: 413, message: "The payload exceeds the maximum size allowed")
        static let tooMany = Rejection(code: 413, message: "The thing has too many shadows")
        static let badEncoding = Rejection(code: 415, message: "Unsupported documented encoding; supported encoding is UTF-8")
        static let busy = Rejection(code: 429, message: "Too many requests")
        static func none(_ name: String?) -> Rejection { Rejection(code: 404, message: "No shadow exists with name: '\(name ?? "")'") }
    }

    /// A message to publish, with the end of its topic.
    struct Publication: Sendable, Equatable {
        let tail: String
        let payload: JSON
    }
}

// MARK: - Requests

extension Shadow {
    /// Applies an update document: merges it, increments the version and returns `accepted`, `documents` and, if a desired value is not
    /// reported, `delta`.
    mutating func update(_ request: JSON, at now: Timestamp) throws(Rejection) -> [Publication] {
        let token = try Self.token(of: request), state = try Self.state(of: request)
        guard Merge.depth(of: .object(state)) <= Self.maxDepth + 1 else { throw .tooDeep }
        if let wanted = request["version"] {
            guard let wanted = wanted.integer else { throw .badVersion }
            guard wanted == version else { throw .conflict }
        }
        var after = self, merge = Merge()
        if let part = state["desired"] {
            (after.desired, after.desiredTimes) = Self.withoutEmpty(merge.merge(part, into: desired, desiredTimes, at: now))
        }
        if let part = state["reported"] {
            (after.reported, after.reportedTimes) = Self.withoutEmpty(merge.merge(part, into: reported, reportedTimes, at: now))
        }
        let bytes = after.state.bytes.count
        guard bytes <= Self.largest else { throw .tooLarge }
        // The times of the leaves take as much as the document.
        after.size = max(size, bytes * 3)
        let before = self
        self = after
        let accepted = request["state"]?.isNull == true ? JSON.null : .object(state)
        return changed(from: before, request: accepted, token: token, offers: state["desired"] != nil, at: now)
    }

    /// A part without any value is no part of the document.
    private static func withoutEmpty(_ part: (JSON, JSON)) -> (JSON, JSON) { part.0 == .object([:]) ? (.null, .null) : part }

    /// Maximum size of the document in bytes, without its metadata: AWS's limit.
    static let largest = 8 << 10
    /// Maximum levels of nesting in the desired or reported document: AWS's limit.
    static let maxDepth = 8
    /// Maximum number of shadows per thing.
    static let maxPerThing = 32

    /// Whether a shadow name is invalid; valid names have 1 to 64 of AWS's characters.
    static func problem(withName name: String) -> Bool {
        !(1...64).contains(name.utf8.count) || !name.utf8.allSatisfy { ThingName.isAllowed($0) || $0 == UInt8(ascii: "$") }
    }

    /// Returns the token that an answer repeats: a text of at most 64 bytes.
    static func token(of request: JSON) throws(Rejection) -> JSON? {
        guard let token = request["clientToken"] else { return nil }
        guard let text = token.text, text.utf8.count <= 64 else { throw .badToken }
        return token
    }

    /// Returns the parts of an update; a null state removes both.
    private static func state(of request: JSON) throws(Rejection) -> JSON.Object {
        guard let raw = request["state"] else { throw .noState }
        if raw.isNull { return ["desired": .null, "reported": .null] }
        guard let state = raw.members else { throw .badState }
        if let other = state.keys.first(where: { $0 != "desired" && $0 != "reported" }) { throw .badNode(String(other.prefix(64))) }
        if let part = state["desired"], part.members == nil, !part.isNull { throw .badDesired }
        if let part = state["reported"], part.members == nil, !part.isNull { throw .badReported }
        return state
    }

    /// Replaces the whole desired document; null clears it.
    /// - Parameter hidesPrevious: whether the publications omit the previous desired document.
    mutating func replaceDesired(with document: JSON, hidesPrevious: Bool = false, at now: Timestamp) -> [Publication] {
        var before = self
        if hidesPrevious { (before.desired, before.desiredTimes) = (.null, .null) }
        var merge = Merge()
        (desired, desiredTimes) = merge.merge(document, into: .null, .null, at: now)
        return changed(from: before, request: ["desired": document], token: nil, offers: !document.isNull, at: now)
    }

    func get(named name: String?, token: JSON?, at now: Timestamp) throws(Rejection) -> Publication {
        guard !isDeleted else { throw .none(name) }
        var payload = document(at: now)
        payload["clientToken"] = token
        return Publication(tail: "get/accepted", payload: .object(payload))
    }

    mutating func delete(named name: String?, token: JSON?, at now: Timestamp) throws(Rejection) -> Publication {
        guard !isDeleted else { throw .none(name) }
        let last = version
        desired = .null
        reported = .null
        desiredTimes = .null
        reportedTimes = .null
        isDeleted = true
        return Publication(
            tail: "delete/accepted", payload: ["version": .int(Int64(last)), "timestamp": .int(now.seconds), "clientToken": token])
    }

    private mutating func changed(from before: Shadow, request: JSON, token: JSON?, offers: Bool, at now: Timestamp) -> [Publication] {
        version += 1
        isDeleted = false
        var merge = Merge()
        let metadata: JSON = request.isNull ? ["timestamp": .int(now.seconds)] : merge.stamped(request, at: now)
        var publications = [
            Publication(
                tail: "update/accepted",
                payload: [
                    "state": request, "metadata": metadata, "version": .int(Int64(version)), "timestamp": .int(now.seconds),
                    "clientToken": token,
                ]),
            Publication(
                tail: "update/documents",
                payload: [
                    "previous": .object(before.plain), "current": .object(plain), "timestamp": .int(now.seconds), "clientToken": token,
                ]),
        ]
        if offers || before.desired != desired || before.reported != reported, let difference = delta {
            publications.append(
                Publication(
                    tail: "update/delta",
                    payload: [
                        "state": difference.state, "metadata": difference.times, "version": .int(Int64(version)),
                        "timestamp": .int(now.seconds),
                        "clientToken": token,
                    ]))
        }
        return publications
    }
}

// MARK: - Documents

extension Shadow {
    /// The desired values that are not, or not yet, reported; nil when there is no difference.
    var delta: (state: JSON, times: JSON)? {
        var merge = Merge()
        return merge.difference(of: desired, desiredTimes, from: reported)
    }

    private var state: JSON {
        ["desired": desired.isNull ? nil : desired, "reported": reported.isNull ? nil : reported]
    }

    private var metadata: JSON {
        ["desired": desiredTimes.isNull ? nil : desiredTimes, "reported": reportedTimes.isNull ? nil : reportedTimes]
    }

    /// State, metadata and version, as `documents` presents each side.
    private var plain: JSON.Object { ["state": state, "metadata": metadata, "version": .int(Int64(version))] }

    /// Returns the message to other modules that states the document.
    func announcement(of thing: ThingName, at now: Timestamp) -> ShadowChanged {
        ShadowChanged(
            thing: thing, version: version, desired: desired.isNull ? nil : desired, reported: reported.isNull ? nil : reported,
            delta: delta?.state ?? [:], metadata: document(at: now)["metadata"])
    }

    func document(at now: Timestamp) -> JSON.Object {
        var state = state.members ?? [:]
        state["delta"] = delta?.state
        return ["state": .object(state), "metadata": metadata, "version": .int(Int64(version)), "timestamp": .int(now.seconds)]
    }
}
