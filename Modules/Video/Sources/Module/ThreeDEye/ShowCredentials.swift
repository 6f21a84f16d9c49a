import Application
import Kernel
import VideoContracts

/// What logs a user in to 3dEye; the first request makes the account.
struct ShowCredentials: Relay {
    let user: UserID

    private static let shape = Shape<GiveCredentials.Reply>(
        .member("userId") { $0.user }, .member("email") { $0.email },
        .json("threeDeyeUserId", Schema.string.nullable) { .string($0.account) },
        .member("password") { $0.password })

    func question(from caller: Caller) -> GiveCredentials { GiveCredentials(user: user) }
    func response(to reply: GiveCredentials.Reply) -> Response { .json(200, Self.shape.json(reply)) }

    static let operation = Operation.relay(
        .get, "/users/{id}/3deye-credentials", "Read what logs a user in to 3dEye",
        allow: Rule("the user, or any API key") { question, _, caller in
            switch caller {
            case .key: true
            case .user(let user, _): user == question.user
            case .staff, .anonymous: false
            }
        },
        answers: [
            ResponseSpec(200, "The account; made now if there was none.", shape.schema), ResponseSpec(404, "There is no such user."),
            ResponseSpec(409, "The user has no e-mail address, or 3dEye has an account for it that is not ours."),
        ] + RemoteCall.answers, inputs: .init(.path("id", "Id of the user.")), make: ShowCredentials.init(user:))
}

/// Asks for the account of a user. Used only within this module.
struct GiveCredentials: Ask {
    static let name = "video.GiveCredentials", module = "video"
    static let timeout = Duration.seconds(30)
    let user: UserID

    struct Reply: Codable, Sendable {
        let user: UserID
        let email: String
        let account: String
        let password: String
    }

    static func answer(_ services: Services) -> AskHandler {
        AskHandler(GiveCredentials.self) { question, context in
            do {
                let account = try await Accounts.ensure(
                    question.user, try services.port(ThreeDEye.self), context.trace, services)
                return Reply(
                    user: question.user, email: account.login.email, account: account.id.text, password: account.login.password)
            } catch let failure as ThreeDEye.Failure {
                throw failure.asRequestError
            } catch let refusal as Accounts.Refusal {
                throw refusal.asRequestError
            }
        }
    }
}
