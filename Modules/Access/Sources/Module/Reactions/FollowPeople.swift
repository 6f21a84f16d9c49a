import Application
import IdentityContracts
import Kernel

/// Updates keys when the state of their holder changes. The keys of a suspended user leave the devices until the suspension ends; a wallet
/// key that its holder no longer has leaves every lock, as does everything of a user whose data was erased.
struct FollowPeople {
    let services: Services

    static func reactions(_ services: Services) -> [Reaction] {
        let follow = FollowPeople(services: services)
        return [
            Reaction(
                "access-follow-people", partitions: 4, .on(UserSuspended.self) { try await follow.suspended($0, $1) },
                .on(UserReactivated.self) { event, _ in try await follow.reactivated(event) },
                .on(UserErased.self) { try await follow.erased($0, $1) },
                .on(WalletKeyRemoved.self) { try await follow.walletKeyRemoved($0, $1) },
                .on(WalletKeyPrepared.self) { event, _ in Changes(rows: [KeyHoldersView.row(event.key, event.user)]) },
                .on(WalletKeyAdded.self) { event, _ in Changes(rows: [KeyHoldersView.row(event.key, event.user)]) }),
            Reaction(
                "access-keys-of-the-suspended", partitions: 4,
                .on(own: [Lock.events.forms.keyAdded.name, Lock.events.forms.created.name], of: services.module) {
                    try await follow.added($0)
                }),
        ]
    }

    func walletKeyRemoved(_ event: WalletKeyRemoved, _ envelope: Envelope) async throws -> Changes {
        let workflow = RemoveKeyEverywhere(key: Key.ID(event.key.text), holder: event.user)
        return Changes(rows: [
            services.startWorkflow(try WorkflowStart(workflow, as: run("remove", envelope), by: "identity", at: services.clock()))
        ])
    }

    func erased(_ event: UserErased, _ envelope: Envelope) async throws -> Changes {
        _ = try await services.store.run(SuspensionsView.rows(event))
        return Changes(rows: [
            services.startWorkflow(
                try WorkflowStart(ForgetPerson(user: event.user), as: run("forget", envelope), by: "identity", at: services.clock()))
        ])
    }

    func suspended(_ event: UserSuspended, _ envelope: Envelope) async throws -> Changes {
        // Before the keys are looked up, so that a key that is stored from now on finds its holder suspended.
        _ = try await services.store.run(SuspensionsView.rows(event))
        var concerned: [LockKeysView.Place] = []
        for place in try await places(of: event.user) {
            let org = try await org(of: place)
            if event.tenant == nil || org == event.tenant { concerned.append(place) }
        }
        return try await bar(concerned, envelope)
    }

    /// Bars keys that were added to a lock, or were being added, while their holder was suspended or erased.
    func added(_ envelope: Envelope) async throws -> Changes {
        let org = try await services.store.load(Lock.self, envelope.stream.id).state.org
        let barred = try await services.store.query(LockKeysView.barred(on: envelope.stream.id, of: org)).map { try LockKeysView.Place($0) }
        let key = envelope.data["keyUuid"]  // nil for a new lock, which concerns all of its keys
        return try await bar(barred.filter { key == nil || $0.key.id.json == key }, envelope)
    }

    private func bar(_ places: [LockKeysView.Place], _ envelope: Envelope) async throws -> Changes {
        var effects = Changes()
        for place in places {
            let id = KeyGrant.id(place.lock, place.key.id), grant = try await services.store.load(KeyGrant.self, id)
            guard !grant.state.isBarred || !grant.state.isLive else { continue }
            var events: [KeyGrant.Event] = [], run = grant.state.run
            if grant.state.isLive, grant.state.terms?.validity.isAlways == false {
                run.map { effects.rows.append(services.resumeWorkflow($0)) }
            } else {
                let fresh = self.run(id, envelope)
                run = fresh
                // A key that is always active has no grant until its holder is suspended: the device has it.
                if !grant.state.isLive { events.append(.granted(KeyGrant.Terms(place, .always), isOnDevice: true, run: fresh)) }
                effects.rows.append(
                    services.startWorkflow(try WorkflowStart(KeepKeyInTime(grant: id), as: fresh, by: "identity", at: services.clock())))
            }
            guard let run else { continue }
            effects.appends.append(try Append(events + [.barred(run: run)], to: grant, at: services.clock()))
        }
        return effects
    }

    func reactivated(_ event: UserReactivated) async throws -> Changes {
        let rows = SuspensionsView.rows(event)
        _ = try await services.store.run(rows)
        var effects = Changes(rows: rows)
        let left = try await services.store.query(SuspensionsView.find(event.user)).map { try $0.read("org_id", as: String.self) }
        for place in try await places(of: event.user) {
            // Another suspension may still apply.
            let org = try await org(of: place)
            guard !left.contains(where: { $0.isEmpty || OrgID($0) == org }) else { continue }
            let grant = try await services.store.load(KeyGrant.self, KeyGrant.id(place.lock, place.key.id))
            guard grant.state.isLive, grant.state.isBarred else { continue }
            effects.appends.append(try Append([.admitted], to: grant, at: services.clock()))
            grant.state.run.map { effects.rows.append(services.resumeWorkflow($0)) }
        }
        return effects
    }

    private func org(of place: LockKeysView.Place) async throws -> OrgID? {
        try await services.store.load(Lock.self, place.lock.description).state.org
    }

    private func places(of user: UserID) async throws -> [LockKeysView.Place] {
        try await services.store.query(LockKeysView.places(of: user)).map { try LockKeysView.Place($0) }
    }

    /// Returns a workflow id that is the same for a redelivered message.
    private func run(_ purpose: String, _ envelope: Envelope) -> WorkflowID {
        WorkflowID(UUIDText(digest: services.vault.sha256(Array("\(purpose) \(envelope.id)".utf8))).text)
    }
}

extension KeyGrant.Terms {
    init(_ place: LockKeysView.Place, _ validity: Validity) {
        self.init(
            lock: place.lock, key: place.key.id, index: place.key.index, holder: place.key.user, validity: validity, since: place.since)
    }
}
