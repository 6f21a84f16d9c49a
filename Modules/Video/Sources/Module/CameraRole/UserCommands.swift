import Application
import Kernel
import VideoContracts

/// Puts a user into a role. A user without an account in 3dEye gets one.
struct AssignUser: ConcernsCameraRole {
    let role: CameraRole.ID
    let user: UUIDText

    static let effectAnswers = RemoteCall.answers

    enum Facts: Sendable {
        case noSuchUser
        case noAddress
        case address
        /// The role refuses, whoever the user is.
        case unasked
    }

    func facts(on snapshot: Snapshot<CameraRole>, _ request: Request, _ services: Services) async throws -> Facts {
        guard Self.problem(with: snapshot.state, UserID(user.text)) == nil else { return .unasked }
        return switch try await Accounts.contact(of: UserID(user.text), request.trace, services) {
        case .unknown: .noSuchUser
        case .withoutAddress: .noAddress
        case .address: .address
        }
    }

    private static func problem(with role: CameraRole, _ user: UserID) -> CameraRoleRefusal? {
        guard role.status == .active else { return .isDeleted }
        guard !role.members.contains(where: { $0.user == user }) else { return .isAssigned }
        return role.members.count < CameraRole.maxMembers ? nil : .tooManyUsers
    }

    func decide(_ state: CameraRole, _ facts: Facts, at now: Timestamp) throws(CameraRoleRefusal) -> [CameraRole.Event] {
        if let problem = Self.problem(with: state, UserID(user.text)) { throw problem }
        switch facts {
        case .noSuchUser: throw .noSuchUser
        case .noAddress: throw .noAddress
        case .address, .unasked: return [.userAssigned(CameraRole.Member(user: UserID(user.text), account: ""), at: now)]
        }
    }

    func effect(of _: [CameraRole.Event], on snapshot: Snapshot<CameraRole>, _: Facts, _: Request, _: Services) -> Effect {
        .external(AccountCall(user: UserID(user.text), role: snapshot.state.remote))
    }

    func completed(_ events: [CameraRole.Event], remoteID: String) -> [CameraRole.Event] {
        events.map { event in
            guard case .userAssigned(let member, let at) = event else { return event }
            return .userAssigned(CameraRole.Member(user: member.user, account: AccountID(remoteID)), at: at)
        }
    }

    static let operation = Operation.command(
        .post, "/camera-roles/{id}/AssignUser", "Put a user into a camera role", allow: .tenant,
        inputs: .init(.path("id", "Id of the role."), .body("userId", "The user.")), make: AssignUser.init(role:user:))
}

/// Makes sure that a user has an account, and puts it into a role. What is not stored afterwards is taken back.
private struct AccountCall: ExternalCall {
    let user: UserID
    let role: CameraRole.RemoteRole

    func perform(_ context: CallContext, _ services: Services) async throws -> Receipt {
        let remote = try services.port(ThreeDEye.self)
        do {
            let account = try await Accounts.ensure(user, remote, context.request.trace, services)
            do { try await remote.roles.addUser(role.text, account.id.text) } catch {
                // It may have had its effect.
                _ = await takeBack(account.id, remote, services)
                throw error
            }
            return Receipt(remoteID: account.id.text)
        } catch let failure as ThreeDEye.Failure {
            throw failure.asRequestError
        } catch let refusal as Accounts.Refusal {
            throw refusal.asRequestError
        }
    }

    func undo(_ context: CallContext, _ services: Services) async -> Bool {
        guard let remote = try? services.port(ThreeDEye.self), let account = try? await Accounts.find(user, services) else { return true }
        return await takeBack(account.id, remote, services)
    }

    private func takeBack(_ account: AccountID, _ remote: ThreeDEye, _ services: Services) async -> Bool {
        do { try await remote.roles.removeUser(role.text, account.text) } catch ThreeDEye.Failure.unknown {} catch {
            services.log.error(
                "A user may be in a role of 3dEye that is not known here", ["user": user.text, "role": role.text, "error": "\(error)"])
        }
        return true
    }
}

/// Takes a user out of a role.
struct RemoveUser: ConcernsCameraRole {
    let role: CameraRole.ID
    let user: UUIDText

    static let effectAnswers = RemoteCall.answers

    func decide(_ state: CameraRole, _: NoFacts, at now: Timestamp) throws(CameraRoleRefusal) -> [CameraRole.Event] {
        guard state.status == .active else { throw .isDeleted }
        guard let member = state.members.first(where: { $0.user == UserID(user.text) }) else { throw .isNotAssigned }
        return [.userRemoved(member, at: now)]
    }

    func effect(of events: [CameraRole.Event], on snapshot: Snapshot<CameraRole>, _: NoFacts, _: Request, _: Services) -> Effect {
        guard case .userRemoved(let member, _)? = events.first else { return .none }
        let remote = snapshot.state.remote.text
        return .external(RemoteCall(isDoneIfUnknown: { _ in true }) { try await $0.roles.removeUser(remote, member.account.text) })
    }

    static let operation = Operation.command(
        .post, "/camera-roles/{id}/RemoveUser", "Take a user out of a camera role", allow: .tenant,
        inputs: .init(.path("id", "Id of the role."), .body("userId", "The user.")), make: RemoveUser.init(role:user:))
}
