import AWS
import Kernel

/// Authenticates the caller in the contract's order: internal headers, both kinds at once, then the credentials the operation takes.
struct Authentication: Sendable {
    let settings: EdgeSettings
    let directory: CredentialDirectory
    let accessKeys: AccessKeys
    let tokens: BearerTokens
    let clock: @Sendable () -> Timestamp

    /// Headers that only former gateways set; from outside they are a spoofing attempt.
    static let internalHeaders = ["x-org-id", "x-user-id", "x-user-email", "x-is-admin", "x-super-access", "x-admin-delete"]

    struct Outcome: Sendable {
        let caller: Caller
        /// The credentials epoch when the outcome may come from the cache; nil otherwise.
        let epoch: Int64?
        /// A suspended user may read but do nothing else.
        var isSuspended = false
    }

    /// - Parameter signed: the request as a whole, if it claims to be signed.
    func establish(_ headers: Headers, for credentials: Credentials, signed: SignedRequest?, mayRemember: Bool) async throws -> Outcome {
        let key = headers["x-api-key"]
        if let signed, key == nil { return try await signer(of: signed, headers) }
        let token = try bearer(headers)
        switch credentials {
        case .staff: return Outcome(caller: try await staff(headers, token), epoch: nil)
        case .apiKey:
            guard let key else { throw RequestError.unauthenticated("This operation needs an API key in X-API-Key.") }
            return try await tenant(key, mayRemember)
        case .keyOrSignature:
            guard let key else {
                throw RequestError.unauthenticated(
                    "This operation needs an API key in X-API-Key, or a signature (AWS Signature Version 4).")
            }
            return try await tenant(key, mayRemember)
        case .staffOrKey:
            if headers["x-admin-api-key"] != nil { return Outcome(caller: try await staff(headers, token), epoch: nil) }
            guard let key else {
                throw RequestError.unauthenticated("This operation needs an API key in X-API-Key, or the staff key with a staff token.")
            }
            return try await tenant(key, mayRemember)
        case .token:
            guard let token else { throw RequestError.unauthenticated("This operation needs a user's bearer token.") }
            return try await person(token, mayRemember)
        case .clientOrStaff where headers["x-admin-api-key"] != nil: return Outcome(caller: try await staff(headers, token), epoch: nil)
        case .client, .clientOrStaff, .optional:
            if key != nil, token != nil {
                throw RequestError.problems([Problem("X-API-Key", "and Authorization exclude each other: send one of them")])
            }
            if let key { return try await tenant(key, mayRemember) }
            if let token { return try await person(token, mayRemember) }
            // An invalid cookie is ignored: the caller is anonymous.
            if credentials == .optional, let guest = Cookie.value(of: Cookie.userToken, in: headers["cookie"]),
                let person = try? await person(guest, mayRemember)
            {
                return person
            }
            guard credentials == .optional else {
                throw RequestError.unauthenticated("This operation needs an API key in X-API-Key or a bearer token in Authorization.")
            }
            return Outcome(caller: .anonymous, epoch: nil)
        }
    }

    private func bearer(_ headers: Headers) throws -> String? {
        guard let text = headers["authorization"] else { return nil }
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw RequestError.unauthenticated("Authorization must be a bearer token.")
        }
        return String(parts[1])
    }

    private func tenant(_ key: String, _ mayRemember: Bool) async throws -> Outcome {
        guard let found = try await directory.key(key, mayRemember: mayRemember), found.until.map({ $0 > clock() }) ?? true else {
            throw RequestError.unauthenticated("The API key is not valid.")
        }
        return Outcome(caller: .key(org: found.org, isSuper: found.isSuper), epoch: mayRemember ? found.epoch : nil)
    }

    /// How far the time in a signature may be from now.
    private static let signatureWindow = Duration.seconds(300)
    private static let signedService = "iotdata"

    /// Returns the tenant whose pair of keys has signed a request just now.
    private func signer(of request: SignedRequest, _ headers: Headers) async throws -> Outcome {
        let time = headers["x-amz-date"] ?? ""
        guard let signature = SignatureV4(header: headers["authorization"] ?? ""), signature.scope.service == Self.signedService,
            let signedAt = SignatureV4.timestamp(of: time), time.hasPrefix(signature.scope.day)
        else { throw RequestError.unauthenticated("The signature is not well formed, or not made for \(Self.signedService).") }
        let mustBeSigned = ["host"] + request.headers.map(\.name).filter { $0.hasPrefix("x-amz-") }
        guard Set(mustBeSigned).isSubset(of: signature.signedHeaders) else {
            throw RequestError.unauthenticated("The signature must cover host and every header x-amz-*.")
        }
        let now = clock()
        guard max(signedAt.since(now), now.since(signedAt)) <= Self.signatureWindow else {
            throw RequestError.unauthenticated("The time of the signature is more than 5 minutes from now.")
        }
        guard let owner = try await directory.reading({ try await accessKeys.find(signature.accessKey) }),
            signature.isMade(of: request, with: owner.secret, time: time)
        else { throw RequestError.unauthenticated("The access key is not known, or the signature is not made with its secret.") }
        return Outcome(caller: .key(org: owner.org, isSuper: owner.isSuper), epoch: nil)
    }

    /// Returns the user a token names: by claim, by a subject that is one of our ids, or by an address not known to be unconfirmed.
    private func person(_ token: String, _ mayRemember: Bool) async throws -> Outcome {
        let claims = try await tokens.verify(token)
        // An unconfirmed address does not identify a user.
        let email = claims.emailIsVerified ? claims.email.flatMap(Self.normalised) : nil
        guard let user = try await user(claims, email) else {
            let needs =
                settings.requiresVerifiedEmail && claims.email != nil && !claims.emailIsVerified
                ? " Its e-mail address counts only with email_verified: true." : ""
            throw RequestError.unauthenticated("The token belongs to no known user.\(needs)")
        }
        let found = try await directory.standing(of: user, email: email, mayRemember: mayRemember)
        return Outcome(caller: .user(user, email: email), epoch: mayRemember ? found.epoch : nil, isSuspended: found.isSuspended)
    }

    private func user(_ claims: TokenClaims, _ email: String?) async throws -> UserID? {
        if let id = claims.userID { return UserID(id) }
        if let subject = claims.subject, UUIDText.problem(with: subject) == nil { return UserID(subject) }
        guard let email else { return nil }
        return try await directory.user(withConfirmedEmail: email)
    }

    private func staff(_ headers: Headers, _ token: String?) async throws -> Caller {
        guard !settings.adminKey.isEmpty, Secret.areEqual(headers["x-admin-api-key"] ?? "", settings.adminKey) else {
            throw RequestError.unauthenticated("The staff key is missing or wrong.")
        }
        guard let token else { throw RequestError.unauthenticated("The staff token is missing.") }
        let claims = try await tokens.verify(token)
        guard let email = claims.email.flatMap(Self.normalised), let at = email.lastIndex(of: "@") else {
            throw RequestError.unauthenticated("The staff token carries no e-mail address.")
        }
        guard settings.staffDomains.contains(String(email[email.index(after: at)...])), claims.emailIsVerified else {
            throw RequestError.refused(.forbidden, code: nil, message: "The address is not of an allowed email domain.")
        }
        return .staff(email: email)
    }

    /// Returns the normalised address; nil when it is not ASCII, because letters that become ASCII only in lower case (U+212A) would make
    /// it the address of another user.
    private static func normalised(_ email: String) -> String? {
        guard email.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return email.trimmed.lowercased()
    }
}
