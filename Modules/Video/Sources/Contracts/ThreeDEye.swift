public import Kernel

/// The 3dEye cloud, in which an operator of this platform is one customer: cameras, roles that let users see them, and users' accounts.
///
/// Every call has a deadline. `ThreeDEye.Failure` says what happened; after `unavailable` the call may have had its effect.
public struct ThreeDEye: Port {
    public static let title = "3dEye"

    public let cameras: Cameras
    public let roles: Roles
    public let accounts: Accounts

    public init(cameras: Cameras, roles: Roles, accounts: Accounts) {
        self.cameras = cameras
        self.roles = roles
        self.accounts = accounts
    }

    public enum Failure: Error, Sendable, Equatable {
        /// No answer, or one that says that 3dEye cannot answer now.
        case unavailable(String)
        /// 3dEye does not know the thing.
        case unknown
        /// The address belongs to another account.
        case conflict
        /// 3dEye will not do it; nothing was changed.
        case refused(String)
    }

    /// A camera to be made in 3dEye.
    public struct NewCamera: Sendable, Equatable {
        public enum Source: Sendable, Equatable {
            case address(http: String, rtsp: String, port: Int?, isOnvif: Bool)
            /// A camera that connects by itself and is recognised by a code.
            case registrationCode(String)
        }
        public let name: String
        public let source: Source
        public let login: String
        public let password: String
        /// Our mark on it, by which it is found again.
        public let mark: String

        public init(name: String, source: Source, login: String, password: String, mark: String) {
            self.name = name
            self.source = source
            self.login = login
            self.password = password
            self.mark = mark
        }
    }

    /// Where a live stream is. Empty where 3dEye has none.
    public struct Streams: Sendable, Equatable {
        public let state: String
        public let http, rtsp, hls, dash, rtmp, thumbnail, snapshot: String

        public init(
            state: String, http: String = "", rtsp: String = "", hls: String = "", dash: String = "", rtmp: String = "",
            thumbnail: String = "", snapshot: String = ""
        ) {
            self.state = state
            self.http = http
            self.rtsp = rtsp
            self.hls = hls
            self.dash = dash
            self.rtmp = rtmp
            self.thumbnail = thumbnail
            self.snapshot = snapshot
        }
    }

    /// An account as 3dEye shows it.
    public struct Account: Sendable, Equatable {
        public let id: String
        public let email: String
        /// Our mark on it; nil for one that was made by somebody else.
        public let mark: String?
        public let roles: Int

        public init(id: String, email: String, mark: String?, roles: Int) {
            self.id = id
            self.email = email
            self.mark = mark
            self.roles = roles
        }
    }

    public struct Cameras: Sendable {
        /// Returns the id that 3dEye gives it.
        public let create: @Sendable (NewCamera) async throws -> String
        /// Returns the camera with a mark.
        public let find: @Sendable (_ mark: String) async throws -> String?
        /// Changes what is given.
        public let update: @Sendable (_ camera: String, _ name: String?, _ http: String?, _ rtsp: String?) async throws -> Void
        public let delete: @Sendable (_ camera: String) async throws -> Void
        public let streams: @Sendable (_ camera: String) async throws -> Streams

        public init(
            create: @escaping @Sendable (NewCamera) async throws -> String, find: @escaping @Sendable (String) async throws -> String?,
            update: @escaping @Sendable (String, String?, String?, String?) async throws -> Void,
            delete: @escaping @Sendable (String) async throws -> Void, streams: @escaping @Sendable (String) async throws -> Streams
        ) {
            self.create = create
            self.find = find
            self.update = update
            self.delete = delete
            self.streams = streams
        }
    }

    public struct Roles: Sendable {
        /// Returns the id that 3dEye gives it. The mark is a part of its description.
        public let create: @Sendable (_ name: String, _ description: String, _ mark: String) async throws -> String
        public let find: @Sendable (_ mark: String) async throws -> String?
        public let delete: @Sendable (_ role: String) async throws -> Void
        public let addUser: @Sendable (_ role: String, _ account: String) async throws -> Void
        public let removeUser: @Sendable (_ role: String, _ account: String) async throws -> Void
        /// Gives the role permissions on a camera, in place of those that it has.
        public let addCamera: @Sendable (_ role: String, _ camera: String, _ permissions: [String]) async throws -> Void
        public let removeCamera: @Sendable (_ role: String, _ camera: String) async throws -> Void

        public init(
            create: @escaping @Sendable (String, String, String) async throws -> String,
            find: @escaping @Sendable (String) async throws -> String?,
            delete: @escaping @Sendable (String) async throws -> Void, addUser: @escaping @Sendable (String, String) async throws -> Void,
            removeUser: @escaping @Sendable (String, String) async throws -> Void,
            addCamera: @escaping @Sendable (String, String, [String]) async throws -> Void,
            removeCamera: @escaping @Sendable (String, String) async throws -> Void
        ) {
            self.create = create
            self.find = find
            self.delete = delete
            self.addUser = addUser
            self.removeUser = removeUser
            self.addCamera = addCamera
            self.removeCamera = removeCamera
        }
    }

    public struct Accounts: Sendable {
        /// The customer that all accounts belong to.
        public let customer: String
        /// Returns the id that 3dEye gives it. Throws `conflict` for an address that has an account already, with whatever customer.
        public let create: @Sendable (_ email: String, _ password: String, _ mark: String) async throws -> String
        /// Returns the customer's accounts.
        public let all: @Sendable () async throws -> [Account]
        public let delete: @Sendable (_ account: String) async throws -> Void

        public init(
            customer: String, create: @escaping @Sendable (String, String, String) async throws -> String,
            all: @escaping @Sendable () async throws -> [Account], delete: @escaping @Sendable (String) async throws -> Void
        ) {
            self.customer = customer
            self.create = create
            self.all = all
            self.delete = delete
        }
    }
}
