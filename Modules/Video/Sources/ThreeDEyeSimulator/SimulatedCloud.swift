import Kernel

/// What the simulated 3dEye remembers.
struct SimulatedCloud {
    struct Answer {
        var status: Int
        var body: JSON = [:]
    }

    private struct Role {
        var fields: JSON.Object
        var users: Set<String> = []
        var cameras: [String: JSON] = [:]
    }

    private var cameras: [String: JSON.Object] = [:]
    private var roles: [String: Role] = [:]
    private var accounts: [String: JSON.Object] = [:]
    /// Addresses with accounts of other customers.
    var foreign: Set<String> = []
    private var tokens: [String: ContinuousClock.Instant] = [:]
    private let tokenLifetime: Duration
    /// Ids grow from here, so that they are not taken for small numbers that callers invent.
    private var last = 100_000

    private let login: (user: String, password: String)

    init(login: (user: String, password: String), tokenLifetime: Duration) { (self.login, self.tokenLifetime) = (login, tokenLifetime) }

    var counts: (cameras: Int, roles: Int, accounts: Int) { (cameras.count, roles.count, accounts.count) }
    mutating func expireTokens() { tokens = [:] }

    mutating func handle(_ method: String, _ path: String, _ body: JSON, token: String?) -> Answer {
        let parts = path.split(separator: "/").map(String.init)
        if parts == ["v3", "auth", "token"] { return logIn(body) }
        guard let token, let end = tokens[token], end > .now else { return Answer(status: 401) }
        guard parts.first == "v3", parts.count > 1 else { return Answer(status: 404) }
        return switch parts[1] {
        case "cameras": handleCameras(method, Array(parts.dropFirst(2)), body)
        case "roles": handleRoles(method, Array(parts.dropFirst(2)), body)
        case "users": handleUsers(method, Array(parts.dropFirst(2)), body)
        default: Answer(status: 404)
        }
    }

    private mutating func logIn(_ body: JSON) -> Answer {
        guard body["UserName"] == .string(login.user), body["Password"] == .string(login.password) else { return Answer(status: 401) }
        let token = "token-\(next())"
        tokens[token] = .now + tokenLifetime
        return Answer(status: 200, body: ["AccessToken": .string(token), "ExpiresIn": .int(tokenLifetime.components.seconds)])
    }

    private mutating func next() -> String {
        last += 1
        return String(last)
    }

    private mutating func handleCameras(_ method: String, _ parts: [String], _ body: JSON) -> Answer {
        switch (method, parts.count) {
        case ("GET", 0): return Answer(status: 200, body: .array(cameras.values.map(JSON.object)))
        case ("POST", 0), ("POST", 2):
            guard parts.isEmpty || parts == ["pnp", "create"] else { return Answer(status: 404) }
            guard case .object(var fields) = body, fields["AdminName"]?.text?.isEmpty == false,
                fields["AdminPassword"]?.text?.isEmpty == false
            else {
                return Answer(status: 400)
            }
            let id = next()
            fields["Id"] = .int(Int64(id) ?? 0)
            fields["AdminPassword"] = nil
            cameras[id] = fields
            return Answer(status: 201, body: .object(fields))
        case ("GET", 2) where parts[1] == "streams":
            guard cameras[parts[0]] != nil else { return Answer(status: 404) }
            let base = "https://media.example.com/\(parts[0])"
            return Answer(
                status: 200,
                body: [
                    "VideoStreamState": "Active", "Http": .string(base), "Rtsp": .string("rtsp://media.example.com/\(parts[0])"),
                    "HlsStream": .string(base + "/index.m3u8"), "DashStream": .string(base + "/index.mpd"), "RtmpStream": "",
                    "Thumbnail": .string(base + "/thumbnail.jpg"), "SnapShot": .string(base + "/snapshot.jpg"),
                ])
        case ("PATCH", 1):
            guard let known = cameras[parts[0]], case .object(let changes) = body else { return Answer(status: 404) }
            cameras[parts[0]] = known.merging(changes)
            return Answer(status: 200)
        case ("DELETE", 1): return Answer(status: cameras.removeValue(forKey: parts[0]) == nil ? 404 : 204)
        default: return Answer(status: 404)
        }
    }

    private mutating func handleRoles(_ method: String, _ parts: [String], _ body: JSON) -> Answer {
        switch (method, parts.count) {
        case ("GET", 0): return Answer(status: 200, body: .array(roles.values.map { .object($0.fields) }))
        case ("POST", 0):
            guard case .object(var fields) = body, fields["Name"]?.text?.isEmpty == false else { return Answer(status: 400) }
            let id = next()
            fields["Id"] = .int(Int64(id) ?? 0)
            roles[id] = Role(fields: fields)
            return Answer(status: 201, body: .object(fields))
        case ("DELETE", 1): return Answer(status: roles.removeValue(forKey: parts[0]) == nil ? 404 : 204)
        case ("PUT", 3) where parts[1] == "users":
            guard roles[parts[0]] != nil, accounts[parts[2]] != nil else { return Answer(status: 404) }
            roles[parts[0]]?.users.insert(parts[2])
            return Answer(status: 200)
        case ("DELETE", 3) where parts[1] == "users":
            return Answer(status: roles[parts[0]]?.users.remove(parts[2]) == nil ? 404 : 204)
        case ("PUT", 3) where parts[1] == "cameras":
            guard roles[parts[0]] != nil else { return Answer(status: 404) }
            roles[parts[0]]?.cameras[parts[2]] = body
            return Answer(status: 200)
        case ("DELETE", 3) where parts[1] == "cameras":
            return Answer(status: roles[parts[0]]?.cameras.removeValue(forKey: parts[2]) == nil ? 404 : 204)
        default: return Answer(status: 404)
        }
    }

    private mutating func handleUsers(_ method: String, _ parts: [String], _ body: JSON) -> Answer {
        switch (method, parts.count) {
        case ("GET", 0):
            return Answer(
                status: 200,
                body: .array(
                    accounts.map { id, fields in
                        var shown = fields
                        shown["Roles"] = .array(roles.filter { $0.value.users.contains(id) }.map { .string($0.key) })
                        return .object(shown)
                    }))
        case ("POST", 0):
            guard case .object(var fields) = body, let email = fields["Email"]?.text, fields["Password"]?.text?.isEmpty == false else {
                return Answer(status: 400)
            }
            let isTaken = foreign.contains(email) || accounts.values.contains { $0["Email"] == .string(email) }
            guard !isTaken else { return Answer(status: 409) }
            let id = "account-\(next())"
            fields["Id"] = .string(id)
            fields["Password"] = nil
            accounts[id] = fields
            return Answer(status: 201, body: .object(fields))
        case ("DELETE", 1):
            for role in roles.keys { roles[role]?.users.remove(parts[0]) }
            return Answer(status: accounts.removeValue(forKey: parts[0]) == nil ? 404 : 204)
        default: return Answer(status: 404)
        }
    }
}
