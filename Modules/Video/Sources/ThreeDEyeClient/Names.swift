import Kernel

/// The addresses of 3dEye's interface, below its base. `{id}` and `{member}` stand for ids. Those for tokens, cameras and push cameras are
/// known; the others follow their pattern. An operator may set any of them.
enum Path: String, CaseIterable, Sendable {
    case token, cameras, pushCameras, camera, streams, roles, role, roleUser, roleCamera, users, user

    var usual: String {
        switch self {
        case .token: "/v3/auth/token"
        case .cameras: "/v3/cameras"
        case .pushCameras: "/v3/cameras/pnp/create"
        case .camera: "/v3/cameras/{id}"
        case .streams: "/v3/cameras/{id}/streams"
        case .roles: "/v3/roles"
        case .role: "/v3/roles/{id}"
        case .roleUser: "/v3/roles/{id}/users/{member}"
        case .roleCamera: "/v3/roles/{id}/cameras/{member}"
        case .users: "/v3/users"
        case .user: "/v3/users/{id}"
        }
    }
}

/// The names of the members in its bodies. An operator may set any of them.
enum Member: String, CaseIterable, Sendable {
    case id, name, description, httpURL, rtspURL, port, kind, code, login, password, permissions, email, accountPassword, roles
    case user, userPassword, token, lifetime
    case state, http, rtsp, hls, dash, rtmp, thumbnail, snapshot

    var usual: String {
        switch self {
        case .id: "Id"
        case .name: "Name"
        case .description: "Description"
        case .httpURL: "HttpUrl"
        case .rtspURL: "RtspUrl"
        case .port: "Port"
        case .kind: "Type"
        case .code: "RegistrationCode"
        case .login: "AdminName"
        case .password: "AdminPassword"
        case .permissions: "Permissions"
        case .email: "Email"
        case .accountPassword: "Password"
        case .roles: "Roles"
        case .user: "UserName"
        case .userPassword: "Password"
        case .token: "AccessToken"
        case .lifetime: "ExpiresIn"
        case .state: "VideoStreamState"
        case .http: "Http"
        case .rtsp: "Rtsp"
        case .hls: "HlsStream"
        case .dash: "DashStream"
        case .rtmp: "RtmpStream"
        case .thumbnail: "Thumbnail"
        case .snapshot: "SnapShot"
        }
    }
}

/// The names in use: the usual ones, with what an operator has set.
struct Names: Sendable {
    private var paths: [Path: String]
    private var members: [Member: String]

    init(paths: [(Path, String)], members: [(Member, String)]) {
        self.paths = Dictionary(paths) { $1 }
        self.members = Dictionary(members) { $1 }
    }

    func path(_ path: Path, id: String = "", member: String = "") -> String {
        (paths[path] ?? path.usual).replacing("{id}", with: PercentEncoding.encode(id.utf8)).replacing(
            "{member}", with: PercentEncoding.encode(member.utf8))
    }

    subscript(_ member: Member) -> String { members[member] ?? member.usual }

    /// Returns an object with the given members; nil is left out.
    func object(_ values: [(Member, JSON?)]) -> JSON {
        var object = JSON.Object()
        for (member, value) in values { if let value { object[self[member]] = value } }
        return .object(object)
    }
}
