import Kernel

/// Makes a key for guests of one to fifty doors. Doors that take a code share one PIN, which is told here and on the page of the key.
enum CreateSharedKey {
    private static let schema = Schema.object([
        "success": .constant(true), "uuid": .string, "url": .string, "validFrom": .time, "validUntil": .time, "doors": .list(of: SharedKeys.door),
        "pin": Schema.string.nullable,
    ])

    /// What keys of one lock have, each with what is so of every shared key.
    private static let foreign: JSON.Object = ["accessMode": ["public"], "allowedUserIds": [[]], "maxUses": [.null], "tempKeyUuid": []]

    static let operation = make("/temp-keys", "Make a temporary key for several doors")
    static let collective = make("/collective-temp-keys", "Make a temporary key for several doors (older path)")

    private static func make(_ path: String, _ summary: String) -> Operation {
        Operation.custom(
            .post, path, summary, by: .client, allow: "whoever may give keys to every one of the locks",
            answers: [
                Answer(201, "The key; `pin` is told only here and on the page.", schema), Answer(403, "One of the locks is not the caller's."),
                Answer(404, "One of the locks does not exist."), Answer(503, "PINs are off here, or none is free."),
            ],
            input:
                .body("validFrom", "From when, in UTC."), .body("validUntil", "Until when, in UTC."), .body("description", "A remark."),
            .body("doors", "The doors, in the order of the page."), .secret("temp-key"),
            .but(foreign, belongTo: "POST /locks/{id}/create-temp-key"),
            .request
        ) { (services: Services, from: Moment, until: Moment, remark: Remark?, doors: DoorRequests, key: TempKey.ID, _: NothingElse, request: Request) in
            try check(from, until, at: request.attempt.now)
            let needsPin = doors.doors.contains { $0.method != .key }
            guard !needsPin || services.settings.hasPins else { throw Failure.notConfigured("PINs are not configured here.") }
            let plan = SharedKeyPlan(key: key, from: from, until: until, remark: remark, doors: doors.doors, needsPin: needsPin, request: request)
            let (definition, pin) = try await plan.carryOut(services)
            return .json(201, answer(definition, pin))
        }
    }

    private static func check(_ from: Moment, _ until: Moment, at now: Moment) throws {
        if until <= from { throw Failure(CreateTempKey.Refusal.endsBeforeItBegins) }
        if until <= now { throw Failure(CreateTempKey.Refusal.isOver) }
    }

    private static func answer(_ definition: TempKey.Definition, _ pin: Pin?) -> JSON {
        [
            "success": true, "uuid": definition.id.json, "url": .string("/temp-keys/\(definition.id)"), "validFrom": definition.from.json,
            "validUntil": definition.until.json, "doors": .array(definition.doors.map(SharedKeys.describe)), "pin": pin.map { .string($0.digits) } ?? .null,
        ]
    }
}
