import HTTPClient
import Kernel
import VideoContracts

/// The exchanges with 3dEye's interface: tokens, limits, failures.
actor Exchange {
    let names: Names
    private let base: String
    private let key: String?
    private let user: String
    private let password: String
    private let client = HTTPClient(publicOnly: false)
    private let clock: @Sendable () -> Timestamp
    private var token: (text: String, until: Timestamp)?
    private var asking: Task<String, any Error>?

    /// The limit for one exchange, and for all that one call takes: tokens, waits and repetitions included.
    private static let deadline = Duration.seconds(5), budget = Duration.seconds(8)
    /// How often a request is made that 3dEye refuses for being one too many, and how long each wait may be.
    private static let tries = 3, longestWait = Duration.seconds(3)
    /// A token is not used in its last moments.
    private static let margin = Duration.seconds(30)

    init(
        base: String, key: String?, user: String, password: String, names: Names, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.key = key
        self.user = user
        self.password = password
        self.names = names
        self.clock = clock
    }

    /// Sends a request and returns the answer's body; null when it is none.
    /// - Throws: `ThreeDEye.Failure`.
    func send(_ method: String, _ path: String, _ body: JSON? = nil) async throws -> JSON {
        var hasRenewed = false
        let end = ContinuousClock.now + Self.budget
        for attempt in 1... {
            let used = try await currentToken(), left = end - .now
            guard left > .zero else { break }
            let response = try await exchange(method, path, body, token: used, within: min(left, Self.deadline))
            switch response.status {
            case 200..<300: return (try? JSON.parse(response.body, depth: 32)) ?? .null
            case 401 where !hasRenewed:
                hasRenewed = true
                if let token, Secret.areEqual(token.text, used) { self.token = nil }
            case 429 where attempt < Self.tries:
                let wait = response.headers["retry-after"].flatMap(Int.init).map { Duration.seconds($0) } ?? .seconds(1)
                guard wait <= Self.longestWait else { throw ThreeDEye.Failure.unavailable("it asks for a pause of \(wait)") }
                try await Task.sleep(for: wait)
            default: throw Self.failure(response)
            }
        }
        throw ThreeDEye.Failure.unavailable("no answer within \(Self.budget)")
    }

    private static func failure(_ response: OutgoingResponse) -> ThreeDEye.Failure {
        switch response.status {
        case 404: .unknown
        case 409: .conflict
        case 401, 403: .refused("it does not let us in: \(response.status)")
        case 429: .unavailable("it has too many requests")
        case 400..<500: .refused("\(response.status)")
        default: .unavailable("it answers \(response.status)")
        }
    }

    private func exchange(_ method: String, _ path: String, _ body: JSON?, token: String?, within limit: Duration = deadline) async throws
        -> OutgoingResponse
    {
        var headers = [("Accept", "application/json")]
        if body != nil { headers.append(("Content-Type", "application/json")) }
        if let key { headers.append(("x-api-key", key)) }
        if let token { headers.append(("Authorization", "Bearer \(token)")) }
        do {
            return try await client.send(
                OutgoingRequest(method, base + path, headers: headers, body: body?.bytes, deadline: limit))
        } catch OutgoingFailure.timedOut {
            throw ThreeDEye.Failure.unavailable("no answer within \(limit)")
        } catch OutgoingFailure.failed(let reason) {
            throw ThreeDEye.Failure.unavailable(reason)
        } catch let failure as OutgoingFailure {
            throw ThreeDEye.Failure.unavailable("\(failure)")
        }
    }

    /// Returns a token that is still good; asks for one when there is none, once for all who wait.
    private func currentToken() async throws -> String {
        if let token, token.until > clock() { return token.text }
        if let asking { return try await asking.value }
        let task = Task { try await self.newToken() }
        asking = task
        defer { asking = nil }
        return try await task.value
    }

    private func newToken() async throws -> String {
        let body = names.object([(.user, .string(user)), (.userPassword, .string(password))])
        let response = try await exchange("POST", names.path(.token), body, token: nil)
        // Without a token nothing is known of the thing that was asked for.
        guard response.status == 200, let answer = try? JSON.parse(response.body, depth: 8), let text = answer[names[.token]]?.text else {
            throw ThreeDEye.Failure.unavailable("it gives no token: \(response.status)")
        }
        let lifetime = answer[names[.lifetime]]?.number.map { Duration.seconds(Int64(min(max($0, 0), 86_400))) } ?? .seconds(300)
        token = (text, clock() + lifetime - Self.margin)
        return text
    }
}
