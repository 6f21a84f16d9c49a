import Application
import Kernel
import VideoContracts

/// A call to 3dEye that, made twice, does the same as once; it comes before the events, and without it nothing is stored.
struct RemoteCall: ExternalCall {
    /// Tells, when 3dEye does not know the thing, whether that is what was wanted.
    private let isDoneIfUnknown: @Sendable (ThreeDEye) async throws -> Bool
    private let call: @Sendable (ThreeDEye) async throws -> Void

    static let answers = [
        ResponseSpec(502, "3dEye did not do it; nothing was stored."), ResponseSpec(503, "This installation has no 3dEye."),
    ]

    init(
        isDoneIfUnknown: @escaping @Sendable (ThreeDEye) async throws -> Bool = { _ in false },
        _ call: @escaping @Sendable (ThreeDEye) async throws -> Void
    ) {
        self.isDoneIfUnknown = isDoneIfUnknown
        self.call = call
    }

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        let remote = try services.port(ThreeDEye.self)
        do {
            do { try await call(remote) } catch ThreeDEye.Failure.unknown {
                // An address that is wrong looks the same as a thing that is gone.
                guard try await isDoneIfUnknown(remote) else { throw ThreeDEye.Failure.unknown }
            }
        } catch let failure as ThreeDEye.Failure {
            throw failure.asRequestError
        }
        return .none
    }
}

/// A call that makes something in 3dEye, once, however often it is tried and wherever it is cut off: an intent is recorded before, and who
/// finds an intent looks for what an earlier try has made.
struct RemoteMaking: ExternalCall {
    let mark: String
    let find: @Sendable (ThreeDEye) -> @Sendable (String) async throws -> String?
    let make: @Sendable (ThreeDEye) async throws -> String

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        let remote = try services.port(ThreeDEye.self)
        let isResumed = try await RemoteIntents.begin(mark, services)
        do {
            if isResumed, let known = try await find(remote)(mark) { return Receipt(remoteID: known) }
            return Receipt(remoteID: try await make(remote))
        } catch let failure as ThreeDEye.Failure {
            try await RemoteIntents.leave(mark, mayBeMade: isResumed || failure.mayHaveHappened, services)
            throw failure.asRequestError
        }
    }

    func rows(after receipt: Receipt, _ context: CallContext) -> [SQL] { [RemoteIntents.remove(mark)] }
}

extension ThreeDEye.Failure {
    /// Whether the call may have had its effect.
    var mayHaveHappened: Bool {
        switch self {
        case .unavailable: true
        case .unknown, .conflict, .refused: false
        }
    }

    var asRequestError: RequestError {
        switch self {
        case .unavailable(let why): .upstreamFailed("3dEye does not answer now (\(why)); nothing was stored.")
        case .unknown: .upstreamFailed("3dEye does not know it; nothing was stored.")
        case .conflict: .refused(.conflict, code: nil, message: "3dEye has this already, for somebody else.")
        case .refused(let why): .upstreamFailed("3dEye refused (\(why)); nothing was stored.")
        }
    }
}

/// Our marks on what we make in 3dEye.
enum RemoteMark {
    static func camera(_ camera: Camera.ID) -> String { "spkey:camera:\(camera)" }
    static func role(_ role: CameraRole.ID) -> String { "spkey:role:\(role)" }
    static func account(_ user: UserID) -> String { "spkey:user:\(user)" }
}

/// What is being made in 3dEye, recorded before the call and removed with the events that tell of it.
enum RemoteIntents {
    static let migration = Migration(
        "003-remote-intents",
        ["CREATE TABLE video.remote_intents (mark TEXT PRIMARY KEY, busy_until BIGINT NOT NULL, is_resumed BOOLEAN NOT NULL)"])

    /// Longer than all calls of one try together.
    private static let patience = Duration.seconds(20)
    /// A try that seems to last longer began before the clock was set back.
    private static let longest = patience + .seconds(60)

    /// Records an intent; returns whether an earlier try has left one.
    /// - Throws: `RequestError.unavailable` while another try is under way.
    static func begin(_ mark: String, _ services: Services) async throws -> Bool {
        let now = services.clock()
        let found = try await services.store.run([
            """
            INSERT INTO video.remote_intents AS i (mark, busy_until, is_resumed) VALUES (\(mark), \(now + patience), FALSE)
            ON CONFLICT (mark) DO UPDATE SET busy_until = EXCLUDED.busy_until, is_resumed = TRUE
            WHERE i.busy_until <= \(now) OR i.busy_until > \(now + longest)
            RETURNING is_resumed
            """
        ])
        guard let row = found.first?.first else {
            throw RequestError.unavailable("Another request makes this in 3dEye just now.", retryAfter: .seconds(5))
        }
        return try row.read("is_resumed")
    }

    /// Ends a try that has failed.
    static func leave(_ mark: String, mayBeMade: Bool, _ services: Services) async throws {
        _ = try await services.store.run([
            mayBeMade ? "UPDATE video.remote_intents SET busy_until = 0 WHERE mark = \(mark)" : remove(mark)
        ])
    }

    static func remove(_ mark: String) -> SQL { "DELETE FROM video.remote_intents WHERE mark = \(mark)" }
}
