public import Database
public import Kernel
import Synchronization
import Waiting

/// Whether a process answers for a module.
public enum AnswerRole: Sendable {
    /// Another process does.
    case none
    /// Several processes may; each ask is answered by the one that takes it first.
    case shared
    /// It is the only one.
    case sole
}

/// Sends asks between processes through their shared database, without addresses or discovery.
///
/// An ask travels in a notice, and so does its reply. What does not fit into one, and what nobody answers soon because the module's process
/// is just starting or has lost its connection, waits in a table.
public final class PostgresAsks: Sendable {
    public static var migration: Migration { AskTable.migration }

    private let database: any Database
    private let notifier: Notifier
    private let local: LocalAsks
    private let modules: [String]
    private let role: @Sendable (String) -> AnswerRole
    private let process: String
    private let clock: @Sendable () -> Timestamp
    private let waiting = Mutex<[String: OneShot<JSON>]>([:])
    /// The asks that this process has taken, with their deadlines, so that it answers none twice.
    private let taken = Mutex<[String: Timestamp]>([:])
    private let pump = Pump()
    private let listenerGate = ListenerGate()

    /// Longer payloads of NOTIFY are refused from 8,000 bytes on (PostgreSQL, "NOTIFY").
    private static let longestNotice = 7_500
    /// When an ask without a reply is stored in the table.
    private static let patience = Duration.milliseconds(500)
    private static let askChannel = "spkey_ask_", replyChannel = "spkey_reply_"

    /// - Parameters:
    ///   - modules: the modules this process can answer for.
    ///   - role: whether the process answers for a module now.
    ///   - process: unique among all processes.
    public init(
        database: any Database, notifier: Notifier, local: LocalAsks, modules: [String],
        role: @escaping @Sendable (String) -> AnswerRole = { _ in .shared }, process: String, clock: @escaping @Sendable () -> Timestamp
    ) {
        self.database = database
        self.notifier = notifier
        self.local = local
        self.modules = modules
        self.role = role
        self.process = process
        self.clock = clock
    }

    /// Notes whether the channels are listened to: a reply that comes while they are not is lost.
    public func isListening(_ isListening: Bool) { listenerGate.set(isListening) }

    /// The channels whose notices must lead to a call of `heard`.
    public var channels: [String] { modules.map { Self.askChannel + $0 } + [Self.replyChannel + process] }

    /// Handles a notice. Returns at once.
    /// - Parameter payload: empty when there may be something in the table.
    public func heard(_ channel: String, _ payload: String) {
        guard !payload.isEmpty else { return look() }
        if channel == Self.replyChannel + process {
            if let reply = ReplyMessage(payload) { settle(reply) }
        } else if let ask = AskMessage(payload) {
            hear(ask)
        }
    }

    /// Polls the table until cancelled, and deletes asks long past their deadline.
    public func poll() async throws {
        while true {
            try await Task.sleep(for: .seconds(1))
            look()
            let now = clock()
            taken.withLock { taken in taken = taken.filter { $0.value > now - .seconds(60) } }
            _ = try? await database.transact([AskTable.expire(at: now)])
        }
    }

    public func send(_ name: String, _ module: String, _ body: JSON, _ context: AskContext) async throws -> JSON {
        let id = UUIDText.fresh(at: clock()).text, reply = OneShot<JSON>()
        let ask = AskMessage(id: id, module: module, name: name, body: body, asker: process, context: context)
        waiting.withLock { $0[id] = reply }
        defer { waiting.withLock { _ = $0.removeValue(forKey: id) } }
        listenerGate.whenListening { [self] in
            post(ask) { reply.settle(.failure(RequestError.unavailable("The database is not available now.", retryAfter: .seconds(2)))) }
        }
        let alarm = Deadlines.shared.call(at: .now + Self.patience) { [self] in Task { try? await store(ask) } }
        defer { Deadlines.shared.cancel(alarm) }
        return try await reply.value(
            within: max(context.deadline.since(clock()), .zero), or: AskFailure.timedOut(name: name), isCancellable: false)
    }

    /// Returns at once: the ask is not waited for beyond its deadline, whatever the database does.
    private func post(_ ask: AskMessage, failed: @escaping @Sendable () -> Void) {
        let text = ask.text
        if text.utf8.count <= Self.longestNotice { return notifier.notify(Self.askChannel + ask.module, text, failed: failed) }
        Task { do { try await store(ask) } catch { failed() } }
    }

    private func store(_ ask: AskMessage) async throws {
        _ = try await database.transact([AskTable.add(ask)])
        notifier.notify(Self.askChannel + ask.module)
    }

    private func settle(_ reply: ReplyMessage) { waiting.withLock { $0[reply.id] }?.settle(reply.outcome) }

    private func look() { pump.run { [self] in await work() } }

    private func work() async {
        do {
            for row in try await database.transact([AskTable.collect(for: process)])[0].rows { settle(try ReplyMessage(row)) }
            for module in modules { while role(module) != .none, try await take(module) {} }
        } catch {
            // The database is unavailable: asks reach their deadlines, and the next poll tries again.
        }
    }

    /// Takes up to fifty asks of a module from the table and answers them concurrently. Returns false when there were none.
    private func take(_ module: String) async throws -> Bool {
        let rows = try await database.transact([AskTable.take(module, for: process)])[0].rows
        for row in rows {
            // One that cannot be read reaches its deadline.
            guard let ask = try? AskMessage(row), isNew(ask) else { continue }
            Task { await answer(ask) }
        }
        return !rows.isEmpty
    }

    private func hear(_ ask: AskMessage) {
        let role = role(ask.module)
        guard role != .none, modules.contains(ask.module) else { return }
        Task {
            if role == .shared {
                let rows = try? await database.transact([AskTable.add(ask, holder: process)])[0].rows
                guard rows?.isEmpty == false else { return }
            }
            if isNew(ask) { await answer(ask) }
        }
    }

    private func isNew(_ ask: AskMessage) -> Bool { taken.withLock { $0.updateValue(ask.context.deadline, forKey: ask.id) } == nil }

    private func answer(_ ask: AskMessage) async {
        let outcome: Result<JSON, any Error>
        do { outcome = .success(try await local.send(ask.name, ask.body, ask.context)) } catch { outcome = .failure(error) }
        let reply = ReplyMessage(to: ask, outcome), text = reply.text, channel = Self.replyChannel + ask.asker
        // A reply that cannot be sent leaves the ask to its deadline.
        guard text.utf8.count > Self.longestNotice else { return notifier.notify(channel, text) }
        guard (try? await database.transact([AskTable.answer(ask, reply, by: process)])) != nil else { return }
        notifier.notify(channel)
    }
}
