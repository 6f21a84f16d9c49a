public import Kernel
public import VideoContracts

/// 3dEye over its HTTP interface.
public enum ThreeDEyeClient {
    static let url = Setting.text(
        "SPKEY_THREEDEYE_URL", "Where 3dEye's interface is. Without one the operations of cameras answer 503.", form: "a URL"
    ).checked { url, environment in
        guard let url else { return nil }
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return "must be a URL" }
        return environment == .prod && !url.hasPrefix("https://") ? "must be https:// in prod" : nil
    }
    static let user = Setting.text("SPKEY_THREEDEYE_USERNAME", "What logs in to 3dEye.")
    static let password = Setting.secret("SPKEY_THREEDEYE_PASSWORD", "The password of SPKEY_THREEDEYE_USERNAME.")
    static let key = Setting.secret("SPKEY_THREEDEYE_API_KEY", "Sent to 3dEye as x-api-key.")
    static let customer = Setting.text("SPKEY_THREEDEYE_CUSTOMER", "Which customer of 3dEye this installation is; shown to staff.")
    static let paths = Setting.list(
        "SPKEY_THREEDEYE_PATHS", "Paths of 3dEye's interface that differ from the usual ones.", of: "name=/path, such as roles=/v4/roles"
    ) { text in pair(text, Path.init(rawValue:)).flatMap { $0.1.hasPrefix("/") ? $0 : nil } }
    static let members = Setting.list(
        "SPKEY_THREEDEYE_MEMBERS", "Members of 3dEye's bodies with other names than the usual ones.", of: "name=Member, such as id=cameraId"
    ) { text in pair(text, Member.init(rawValue:)) }
    public static let settings = [url.any, user.any, password.any, key.any, customer.any, paths.any, members.any]

    private static func pair<Name>(_ text: String, _ name: (String) -> Name?) -> (Name, String)? {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2, let known = name(parts[0]) else { return nil }
        return (known, parts[1])
    }

    public struct MissingSettings: Error, CustomStringConvertible {
        public var description: String { "SPKEY_THREEDEYE_URL needs SPKEY_THREEDEYE_USERNAME and SPKEY_THREEDEYE_PASSWORD" }
    }

    /// Nil where none is set.
    /// - Throws: `MissingSettings` when only a part of what is needed is set.
    public static func port(_ settings: SettingValues, clock: @escaping @Sendable () -> Timestamp) throws -> ThreeDEye? {
        guard let url = settings[url] else { return nil }
        guard let user = settings[user], let password = settings[password] else { throw MissingSettings() }
        let exchange = Exchange(
            base: url, key: settings[key], user: user, password: password,
            names: Names(paths: settings[paths], members: settings[members]), clock: clock)
        return ThreeDEye(
            cameras: cameras(exchange), roles: roles(exchange), accounts: accounts(exchange, customer: settings[customer] ?? user))
    }

    private static func cameras(_ exchange: Exchange) -> ThreeDEye.Cameras {
        let names = exchange.names
        return ThreeDEye.Cameras(
            create: { new in
                let common: [(Member, JSON?)] = [
                    (.name, .string(new.name)), (.description, .string(new.mark)), (.login, .string(new.login)),
                    (.password, .string(new.password)),
                ]
                switch new.source {
                case .address(let http, let rtsp, let port, let isOnvif):
                    let body = names.object(
                        common + [
                            (.httpURL, .string(http)), (.rtspURL, .string(rtsp)), (.port, port?.json),
                            (.kind, isOnvif ? "Onvif" : "Generic"),
                        ])
                    return try id(of: try await exchange.send("POST", names.path(.cameras), body), names)
                case .registrationCode(let code):
                    let body = names.object(common + [(.code, .string(code))])
                    return try id(of: try await exchange.send("POST", names.path(.pushCameras), body), names)
                }
            },
            find: { mark in try await find(mark, in: .cameras, exchange) },
            update: { camera, name, http, rtsp in
                let body = names.object([(.name, name?.json), (.httpURL, http?.json), (.rtspURL, rtsp?.json)])
                _ = try await exchange.send("PATCH", names.path(.camera, id: camera), body)
            },
            delete: { _ = try await exchange.send("DELETE", names.path(.camera, id: $0)) },
            streams: { camera in
                let answer = try await exchange.send("GET", names.path(.streams, id: camera))
                func text(_ member: Member) -> String { answer[names[member]]?.text ?? "" }
                return ThreeDEye.Streams(
                    state: text(.state), http: text(.http), rtsp: text(.rtsp), hls: text(.hls), dash: text(.dash), rtmp: text(.rtmp),
                    thumbnail: text(.thumbnail), snapshot: text(.snapshot))
            })
    }

    private static func roles(_ exchange: Exchange) -> ThreeDEye.Roles {
        let names = exchange.names
        return ThreeDEye.Roles(
            create: { name, description, mark in
                let body = names.object([(.name, .string(name)), (.description, .string("\(description) (\(mark))"))])
                return try id(of: try await exchange.send("POST", names.path(.roles), body), names)
            },
            find: { mark in try await find("(\(mark))", in: .roles, exchange) },
            delete: { _ = try await exchange.send("DELETE", names.path(.role, id: $0)) },
            addUser: { _ = try await exchange.send("PUT", names.path(.roleUser, id: $0, member: $1)) },
            removeUser: { _ = try await exchange.send("DELETE", names.path(.roleUser, id: $0, member: $1)) },
            addCamera: { role, camera, permissions in
                let body = names.object([(.permissions, .array(permissions.map(JSON.string)))])
                _ = try await exchange.send("PUT", names.path(.roleCamera, id: role, member: camera), body)
            },
            removeCamera: { _ = try await exchange.send("DELETE", names.path(.roleCamera, id: $0, member: $1)) })
    }

    private static func accounts(_ exchange: Exchange, customer: String) -> ThreeDEye.Accounts {
        let names = exchange.names
        return ThreeDEye.Accounts(
            customer: customer,
            create: { email, password, mark in
                let body = names.object([
                    (.email, .string(email)), (.accountPassword, .string(password)), (.name, .string(mark)),
                ])
                return try id(of: try await exchange.send("POST", names.path(.users), body), names)
            },
            all: {
                try await list(.users, exchange).compactMap { item in
                    guard let id = text(item[names[.id]]) else { return nil }
                    let name = item[names[.name]]?.text
                    return ThreeDEye.Account(
                        id: id, email: item[names[.email]]?.text ?? "", mark: name?.hasPrefix("spkey:") == true ? name : nil,
                        roles: item[names[.roles]]?.items?.count ?? 0)
                }
            },
            delete: { _ = try await exchange.send("DELETE", names.path(.user, id: $0)) })
    }

    /// Returns the id of the thing whose description ends with a mark.
    private static func find(_ mark: String, in path: Path, _ exchange: Exchange) async throws -> String? {
        let names = exchange.names
        let item = try await list(path, exchange).first { $0[names[.description]]?.text?.hasSuffix(mark) == true }
        return item.flatMap { text($0[names[.id]]) }
    }

    private static func list(_ path: Path, _ exchange: Exchange) async throws -> [JSON] {
        let answer = try await exchange.send("GET", exchange.names.path(path))
        guard let items = answer.items else { throw ThreeDEye.Failure.unavailable("its list is none") }
        return items
    }

    private static func id(of answer: JSON, _ names: Names) throws -> String {
        guard let id = text(answer[names[.id]]) else { throw ThreeDEye.Failure.unavailable("its answer has no id") }
        return id
    }

    /// An id is a number or a text.
    private static func text(_ id: JSON?) -> String? {
        switch id {
        case .int(let number): String(number)
        case .string(let text) where !text.isEmpty: text
        default: nil
        }
    }
}
