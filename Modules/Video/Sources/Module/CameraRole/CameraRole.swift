import Kernel

/// A role of 3dEye: its users may see its cameras.
struct CameraRole: Aggregate {
    static let category = Category("camera-role", className: "CameraRoleAggregate")
    typealias ID = Kernel.ID<CameraRole>
    typealias RemoteRole = RemoteID<CameraRole>

    enum Status: String, Codable, Sendable, CaseIterable, WireValue {
        case active = "Active"
        case deleted = "Deleted"
    }

    enum Event: Sendable, Equatable {
        case created(Definition, at: Timestamp)
        case deleted(at: Timestamp)
        case userAssigned(Member, at: Timestamp)
        case userRemoved(Member, at: Timestamp)
        case cameraAssigned(Access, at: Timestamp)
        case cameraRemoved(RemoteCamera.ID, at: Timestamp)
    }

    struct Definition: Sendable, Equatable {
        let role: CameraRole.ID
        /// Empty until 3dEye has given one.
        var remote: RemoteRole = ""
        let name: String
        let description: String
        let org: OrgID
    }

    /// A user with the account that 3dEye knows them by.
    struct Member: Sendable, Equatable, Codable {
        let user: UserID
        let account: AccountID
    }

    /// What the role's users may do with a camera.
    struct Access: Sendable, Equatable, Codable {
        let camera: RemoteCamera.ID
        let permissions: [Permission]
    }

    private(set) var role: CameraRole.ID?
    private(set) var remote: RemoteRole = ""
    private(set) var name = ""
    private(set) var description = ""
    private(set) var org: OrgID?
    private(set) var status = Status.active
    private(set) var members: [Member] = []
    private(set) var cameras: [Access] = []

    mutating func apply(_ event: Event) {
        switch event {
        case .created(let it, _):
            role = it.role
            remote = it.remote
            name = it.name
            description = it.description
            org = it.org
        case .deleted: status = .deleted
        case .userAssigned(let member, _): members.append(member)
        case .userRemoved(let member, _): members.removeAll { $0.user == member.user }
        case .cameraAssigned(let access, _):
            if let place = cameras.firstIndex(where: { $0.camera == access.camera }) {
                cameras[place] = access
            } else {
                cameras.append(access)
            }
        case .cameraRemoved(let camera, _): cameras.removeAll { $0.camera == camera }
        }
    }

    var organisation: OrgID? { org }
    static let maxMembers = 1_000
    static let maxCameras = 1_000
}

/// An account as 3dEye knows it.
enum RemoteAccount {}
typealias AccountID = RemoteID<RemoteAccount>

/// What a user may do with a camera, in 3dEye's words: View, Share and others.
struct Permission: StringValue {
    let text: String
    init(_ text: String) { self.text = text }
    static var maxLength: Int { 64 }
    static func problem(with text: String) -> String? { text.isEmpty ? "must not be empty" : nil }
    static var schema: Schema { .string.limited(min: 1, max: Int64(maxLength)) }
    static let view: Permission = "View"
}
