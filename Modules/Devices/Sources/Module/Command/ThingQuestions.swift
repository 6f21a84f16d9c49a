import DevicesContracts
import Kernel

/// What other modules may ask about things.
extension DeviceDesk {
    var answers: [Answering] {
        [
            Answering(SendCommand.self) { try await send($0, $1) },
            Answering(WithdrawCommand.self) { question, context in
                try await withdraw(question, context.trace)
                return Done()
            },
            Answering(BindThing.self) { question, _ in BindThing.Reply(isBound: try await bind(question)) },
            Answering(ThingsOnline.self) { question, _ in ThingsOnline.Reply(online: try await online(question.things)) },
            Answering(ThingMessages.self) { question, _ in try await messages(question) },
        ]
    }

    /// The first tenant that names a thing has it; a handing over moves it.
    private func bind(_ question: BindThing) async throws -> Bool {
        let moves = question.isHandOver ? "TRUE" : "FALSE"
        let rows = try await services.store.run([
            """
            INSERT INTO devices.things AS known (name, org_id) VALUES (\(question.thing), \(optional: question.org))
            ON CONFLICT (name) DO UPDATE SET org_id = CASE WHEN \(trusted: moves) THEN EXCLUDED.org_id ELSE known.org_id END,
                by_hub = CASE WHEN \(trusted: moves) OR known.org_id = EXCLUDED.org_id THEN NULL ELSE known.by_hub END
            RETURNING org_id
            """
        ])
        return rows[0].first?.text("org_id") == question.org?.text
    }

    private func online(_ things: [ThingName]) async throws -> [ThingName] {
        var online: [ThingName] = []
        for thing in things where try await services.store.query(ThingTables.presence(thing)).first?.bool("online") == true { online.append(thing) }
        return online
    }

    private func messages(_ question: ThingMessages) async throws -> ThingMessages.Reply {
        let rows = try await services.store.read([
            ThingTables.messages(.command, question.thing, limit: question.limit), ThingTables.messages(.status, question.thing, limit: question.limit),
        ])
        func read(_ row: Row) -> ThingMessages.Message {
            ThingMessages.Message(id: row.int("id") ?? 0, payload: row.json("payload") ?? .null, at: row.moment("at") ?? Moment(milliseconds: 0))
        }
        return ThingMessages.Reply(commands: rows[0].map(read), statuses: rows[1].map(read))
    }
}
