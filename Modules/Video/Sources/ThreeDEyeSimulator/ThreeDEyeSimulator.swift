import Hummingbird
import Kernel
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A server that behaves like 3dEye, for demonstrations and tests. Its addresses for tokens, cameras and push cameras are those of 3dEye;
/// what it answers, and the rest, are guesses after their pattern.
public final class ThreeDEyeSimulator: Sendable {
    /// What goes wrong, and how often.
    public struct Fault: Sendable {
        public var method: String
        /// How the path begins.
        public var path: String
        public var status: Int
        public var times: Int
        public var retryAfter: Int?
        public var delay: Duration
        /// Whether the request has its effect before it fails.
        public var isAfterwards: Bool

        public init(
            _ method: String, _ path: String, status: Int, times: Int = 1, retryAfter: Int? = nil, delay: Duration = .zero,
            isAfterwards: Bool = false
        ) {
            self.method = method
            self.path = path
            self.status = status
            self.times = times
            self.retryAfter = retryAfter
            self.delay = delay
            self.isAfterwards = isAfterwards
        }
    }

    /// The account that logs in, and how long its tokens are good.
    public static let user = "spkey", password = "spkey-password"
    private let cloud: Mutex<SimulatedCloud>
    private let faults = Mutex<[Fault]>([])
    private let log = Logger(label: "3deye") { _ in SwiftLogNoOpLogHandler() }

    public init(tokenLifetime: Duration = .seconds(300)) {
        cloud = Mutex(SimulatedCloud(login: (Self.user, Self.password), tokenLifetime: tokenLifetime))
    }

    public func inject(_ fault: Fault) { faults.withLock { $0.append(fault) } }
    /// Takes every token back.
    public func expireTokens() { cloud.withLock { $0.expireTokens() } }
    /// How many cameras, roles and accounts there are.
    public var counts: (cameras: Int, roles: Int, accounts: Int) { cloud.withLock { $0.counts } }
    /// Gives an address an account of another customer, which this one does not see.
    public func addForeignAccount(_ email: String) { cloud.withLock { _ = $0.foreign.insert(email) } }

    /// Serves until it is cancelled.
    public func run(port: Int, ready: @escaping @Sendable (Int) -> Void) async throws {
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { [self] request, _ in try await respond(request) },
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { ready($0.localAddress?.port ?? port) }, logger: log)
        try await ServiceGroup(services: [application], logger: log).run()
    }

    private func respond(_ request: Hummingbird.Request) async throws -> Hummingbird.Response {
        let body = Array(buffer: try await request.body.collect(upTo: 1 << 20))
        let path = request.uri.path, method = request.method.rawValue
        let fault = faults.withLock { faults -> Fault? in
            guard let place = faults.firstIndex(where: { $0.method == method && path.hasPrefix($0.path) && $0.times > 0 }) else {
                return nil
            }
            faults[place].times -= 1
            return faults[place]
        }
        if let fault { try await Task.sleep(for: fault.delay) }
        var answer = SimulatedCloud.Answer(status: fault?.status ?? 200)
        if fault == nil || fault?.isAfterwards == true {
            let token = request.headers[.authorization].map { String($0.dropFirst("Bearer ".count)) }
            let done = cloud.withLock { $0.handle(method, path, (try? JSON.parse(body, depth: 16)) ?? .null, token: token) }
            if fault == nil { answer = done }
        }
        var response = Hummingbird.Response(
            status: .init(code: answer.status), headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body.bytes)))
        if let pause = fault?.retryAfter { response.headers[.retryAfter] = String(pause) }
        return response
    }
}
