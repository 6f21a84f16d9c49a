import Application
import DevicesContracts
import Kernel

/// Answers the asks of other modules about things.
extension ThingRunner {
    var answers: [AskHandler] {
        [
            AskHandler(SendCommand.self) { try await send($0, $1) },
            AskHandler(WithdrawCommand.self) { question, context in
                WithdrawCommand.Reply(mayHaveLeft: try await withdraw(question, context.trace))
            },
            AskHandler(EndsOfCommands.self) { question, _ in try await ends(of: question.actions) },
            AskHandler(LookAgain.self) { question, context in
                try await lookAgain(at: question.about, context.trace)
                return Done()
            },
            AskHandler(BindThing.self) { question, _ in BindThing.Reply(isBound: try await bind(question)) },
            AskHandler(DeviceStates.self) { question, _ in DeviceStates.Reply(states: try await states(question.devices)) },
            AskHandler(ThingsOnline.self) { question, _ in ThingsOnline.Reply(online: try await online(question.things)) },
            AskHandler(ThingMessages.self) { question, _ in try await messages(question) },
            AskHandler(ShadowSync.self, of: services.module) { try await sync($0.thing) },
            AskHandler(ShadowRequest.self) { question, context in try await answer(question, context.trace) },
            AskHandler(NamedShadows.self) { question, _ in try await list(question) },
            AskHandler(HubAction.self) { question, _ in HubAction.Reply(progress: try await progress(of: question.action)) },
        ]
    }

    /// Binds a thing to the first tenant or user that names it; a hand-over moves it. A thing registered with an unclaimed hub has no owner
    /// and waits for the claim.
    private func bind(_ question: BindThing) async throws -> Bool {
        let moves = question.isHandOver ? "TRUE" : "FALSE"
        let rows = try await services.store.run([
            """
            INSERT INTO devices.things AS known (name, org_id) VALUES (\(question.thing), \(optional: question.org))
            ON CONFLICT (name) DO UPDATE SET org_id = CASE WHEN \(trusted: moves) THEN EXCLUDED.org_id ELSE known.org_id END,
                hub_id = CASE WHEN \(trusted: moves) AND known.org_id IS DISTINCT FROM EXCLUDED.org_id THEN NULL ELSE known.hub_id END
            RETURNING org_id, hub_id
            """,
            ThingTables.raiseRevision(of: question.thing), HubCredentials.touchHubs(of: question.thing),
        ])
        memory.forget(question.thing)
        guard let row = rows[0].first else { return false }
        return try ThingOwner(row).belongs(to: question.org)
    }

    /// Returns the ends of actions, which may have two commands: one success is the action's success; otherwise both must have ended.
    private func ends(of actions: [ActionID]) async throws -> EndsOfCommands.Reply {
        var ended: [CommandFinished] = [], known: [ActionID] = []
        for action in actions {
            let commands = PendingCommand.readable(try await services.store.query(PendingCommand.all(of: action)), services.log)
            guard !commands.isEmpty else { continue }
            known.append(action)
            let done = commands.first(where: \.hasSucceeded)
            guard let last = done ?? (commands.contains(where: \.isOpen) ? nil : commands.first { $0.stage == .failed } ?? commands.first)
            else { continue }
            let outcome: CommandFinished.Outcome =
                if done != nil { .succeeded } else if last.stage == .failed { .failed } else if last.stage == .expired { .expired } else {
                    .withdrawn
                }
            ended.append(last.finished(outcome, error: last.error, isLate: last.wasLate, at: last.finishedAt ?? services.clock()))
        }
        return EndsOfCommands.Reply(ended: ended, known: known)
    }

    /// Returns the progress of a command to a hub; nil when there is none of that id.
    private func progress(of action: ActionID) async throws -> HubAction.Progress? {
        let query: SQL = "SELECT * FROM devices.commands WHERE action_id = \(action) AND shadow = \(DeviceCommand.hubShadow)"
        guard let row = try await services.store.query(query).first,
            let operation = try row.read("context", as: JSON.self)[HubAction.mark]?.text
        else { return nil }
        let stage: PendingCommand.Stage = try row.read("stage")
        let status: HubAction.Progress.Status =
            switch stage {
            case .accepted, .delivered: .pending
            case .succeeded: .success
            case .failed, .withdrawn: .error
            case .expired: try row.read("was_late") ? .success : .error
            }
        return HubAction.Progress(
            operation: operation, status: status, result: try row.find("result"), error: try row.find("error"), org: try row.find("org_id"),
            createdAt: try row.read("created_at"), finishedAt: try row.find("finished_at"))
    }

    private func states(_ devices: [ThingName]) async throws -> [DeviceStates.State] {
        var states: [DeviceStates.State] = []
        for device in devices {
            let known = try await services.store.load(MatterDevice.self, device.text).state.registration
            let thing = known?.thing ?? device, row = try await services.store.query(ThingTables.presence(thing)).first
            guard known != nil || row != nil else { continue }
            states.append(
                DeviceStates.State(
                    device: device.text, type: known?.type, thing: thing.text, isOnline: try row?.find("online", as: Bool.self)))
        }
        return states
    }

    private func online(_ things: [ThingName]) async throws -> [ThingName] {
        var online: [ThingName] = []
        for thing in things where try await services.store.query(ThingTables.presence(thing)).first?.find("online", as: Bool.self) == true {
            online.append(thing)
        }
        return online
    }

    private func messages(_ question: ThingMessages) async throws -> ThingMessages.Reply {
        let rows = try await services.store.read([
            MessageLog.messages(.command, question.thing, limit: question.limit),
            MessageLog.messages(.status, question.thing, limit: question.limit),
        ])
        func read(_ row: Row) throws -> ThingMessages.Message {
            ThingMessages.Message(id: try row.read("id"), payload: try row.find("payload") ?? .null, at: try row.read("at"))
        }
        return ThingMessages.Reply(commands: try rows[0].map(read), statuses: try rows[1].map(read))
    }
}
