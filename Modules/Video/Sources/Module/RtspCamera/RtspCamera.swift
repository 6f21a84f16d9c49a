import Kernel

/// A camera that is streamed by the platform's own video workers.
struct RtspCamera: Aggregate {
    static let category = Category("rtsp-camera", className: "RtspCameraAggregate")
    typealias ID = Kernel.ID<RtspCamera>

    enum Status: String, Codable, Sendable, CaseIterable, WireValue { case working, stopped, deleted }
    enum Placement: String, Codable, Sendable, CaseIterable, WireValue { case pending, running, failed, released }
    enum Role: String, Codable, Sendable, CaseIterable, WireValue { case viewer, manager }
    /// How a stream gets its worker: `async` while a control plane places it and reports at ApplyPlacementResult.
    enum PlacementMode: String, Codable, Sendable, CaseIterable, WireValue { case async }

    enum Event: Sendable, Equatable {
        case registered(Registration, at: Timestamp)
        case updated(Change, at: Timestamp)
        case deleted(by: String?, at: Timestamp)
        case accessGranted(UserID, Role, by: String?, at: Timestamp)
        case accessRevoked(UserID, by: String?, at: Timestamp)
        case streamStarted(by: String?, at: Timestamp)
        case streamStopped(by: String?, at: Timestamp)
        /// - Parameter version: the version of the camera that the placement is of.
        case placed(worker: String, generation: Int, version: Int, at: Timestamp)
        case placementFailed(String, generation: Int, version: Int, at: Timestamp)
    }

    struct Registration: Sendable, Equatable {
        let camera: RtspCamera.ID
        let name: String
        let source: SourceIdentity
        let snapshotURL: String?
        let owner: UserID?
        let org: OrgID?
        let mode: PlacementMode?
    }

    /// What an update changes; nil for what stays.
    struct Change: Sendable, Equatable {
        var name: String?
        var source: SourceIdentity?
        var snapshotURL: String?
        /// Whether a control plane has to place the stream anew.
        var isPlacedAnew = false
    }

    struct Grant: Sendable, Equatable, Codable {
        let user: UserID
        let role: Role
        let grantedAt: Timestamp
    }

    private(set) var camera: RtspCamera.ID?
    private(set) var name = ""
    private(set) var source: SourceIdentity?
    private(set) var snapshotURL: String?
    private(set) var owner: UserID?
    private(set) var org: OrgID?
    private(set) var mode: PlacementMode?
    private(set) var status = Status.working
    private(set) var placement = Placement.pending
    private(set) var placementError: String?
    private(set) var worker: String?
    /// Counts the placements that were wanted; results of others are out of date.
    private(set) var generation = 0
    private(set) var grants: [Grant] = []
    private(set) var createdAt = Timestamp(milliseconds: 0)
    private(set) var updatedAt = Timestamp(milliseconds: 0)

    mutating func apply(_ event: Event) {
        switch event {
        case .registered(let it, let at):
            camera = it.camera
            name = it.name
            source = it.source
            snapshotURL = it.snapshotURL
            owner = it.owner
            org = it.org
            mode = it.mode
            createdAt = at
            place()
            updatedAt = at
        case .updated(let change, let at):
            if let name = change.name { self.name = name }
            if let url = change.snapshotURL { snapshotURL = url }
            if let source = change.source {
                self.source = source
                if status == .working { place() } else { generation += 1 }
            }
            updatedAt = at
        case .deleted(_, let at):
            status = .deleted
            release()
            updatedAt = at
        case .accessGranted(let user, let role, _, let at):
            grants.removeAll { $0.user == user }
            grants.append(Grant(user: user, role: role, grantedAt: at))
            updatedAt = at
        case .accessRevoked(let user, _, let at):
            grants.removeAll { $0.user == user }
            updatedAt = at
        case .streamStarted(_, let at):
            status = .working
            place()
            updatedAt = at
        case .streamStopped(_, let at):
            status = .stopped
            release()
            updatedAt = at
        case .placed(let worker, _, _, _):
            placement = .running
            self.worker = worker
            placementError = nil
        case .placementFailed(let error, _, _, _):
            placement = .failed
            worker = nil
            placementError = error
        }
    }

    private mutating func place() {
        generation += 1
        placement = mode == .async ? .pending : .running
        placementError = nil
        worker = nil
    }

    private mutating func release() {
        generation += 1
        placement = .released
        placementError = nil
        worker = nil
    }

    var organisation: OrgID? { org }

    /// A source belongs to one living camera.
    static func claims(of event: Event, before: RtspCamera) -> [Claim] {
        switch event {
        case .registered(let it, _): [.take(kind: sourceClaim, value: it.source.hash)]
        case .updated(let change, _):
            if let new = change.source, let old = before.source, new.hash != old.hash {
                [.take(kind: sourceClaim, value: new.hash), .release(kind: sourceClaim, value: old.hash)]
            } else {
                []
            }
        case .deleted: before.source.map { [.release(kind: sourceClaim, value: $0.hash)] } ?? []
        case .accessGranted, .accessRevoked, .streamStarted, .streamStopped, .placed, .placementFailed: []
        }
    }
    static let sourceClaim = "rtsp-source"
}

/// What a source is recognised by; the source itself is kept encrypted.
struct SourceIdentity: Sendable, Equatable, Codable {
    /// SHA-256 of the address without credentials, in hexadecimal digits.
    let hash: String
    /// Names the stream of one camera with one source.
    let stream: String

    /// Where players find the stream, below the base of media.
    var hlsPath: String { "/hls/\(stream)/index.m3u8" }
    var previewPath: String { "/hls/\(stream)/preview.jpg" }
}
