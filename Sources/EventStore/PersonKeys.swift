public import Application
public import Database
public import Kernel
import Synchronization

/// The encryption keys of users, and the texts sealed under them.
///
/// A sealed text is `sealed:TAG:CIPHERTEXT:PERSON`. The tag is a keyed digest of the text. Once the key is erased the tag replaces the
/// text, so that equal texts stay equal without revealing their content.
public final class PersonKeys: Sendable {
    public static let migration = Migration(
        "004-person-keys",
        [
            // An erased user keeps the row, without a key: nothing is sealed for that id any more.
            "CREATE TABLE platform.person_keys (user_id TEXT PRIMARY KEY, sealed TEXT)"
        ])

    private enum KeyState: Sendable { case key([UInt8]), erased, unknown }

    private let database: any Database
    private let vault: Vault
    private struct Memory {
        var known: [UserID: (state: KeyState, until: ContinuousClock.Instant)] = [:]
        var epoch: Int64 = 0
    }
    private let memory = Mutex(Memory())
    /// How long a key is cached, and so how long after an erasure another process can still read events sealed under it.
    private static let duration = Duration.seconds(5)
    private static let limit = 10_000, prefix = "sealed:", purpose = "person-key"

    public init(database: any Database, vault: Vault) { (self.database, self.vault) = (database, vault) }

    /// Returns the statement that erases a user's key permanently.
    public static func forget(_ user: UserID) -> SQL {
        "INSERT INTO platform.person_keys (user_id, sealed) VALUES (\(user), NULL) ON CONFLICT (user_id) DO UPDATE SET sealed = NULL"
    }

    /// Discards the cached keys when the credentials epoch has risen, which every erasure causes.
    func see(_ epoch: Int64) {
        memory.withLock { memory in
            guard epoch > memory.epoch else { return }
            memory = Memory(epoch: epoch)
        }
    }

    // MARK: - Sealing

    /// Seals the personal fields of several objects of a stream: events, and last the state that follows from them. Texts of an erased user
    /// are not kept: each new one is replaced by one random token wherever it occurs.
    /// - Throws: `CommitFailure.versionConflict` when the state was read before the erasure.
    func seal(_ objects: [(fields: [PersonalField], object: JSON.Object)], of stream: StreamName) async throws -> [JSON.Object] {
        var people: Set<UserID> = []
        for (fields, object) in objects {
            _ = fields.replace(in: object, of: stream) { text, person in
                people.insert(person)
                return text
            }
        }
        guard !people.isEmpty else { return objects.map(\.object) }
        let keys = try await states(of: people, making: true)
        var tokens: [String: String] = [:]
        return try objects.enumerated().map { place, entry in
            try entry.fields.replace(in: entry.object, of: stream) { text, person in
                guard case .key(let key)? = keys[person] else {
                    if text.hasPrefix(Self.erasedPrefix) { return text }
                    guard tokens[text] != nil || place < objects.count - 1 else { throw CommitFailure.versionConflict }
                    let token = tokens[text] ?? Self.erased(Hexadecimal.encode(vault.random(8)))
                    tokens[text] = token
                    return token
                }
                let cipher = try vault.sealUnder(key, Array(text.utf8), Self.context(person, stream))
                return Self.prefix + tag(of: text, key) + ":" + cipher + ":" + person.text
            }
        }
    }

    /// Decrypts every sealed text in a value.
    public func open(_ json: JSON, of stream: StreamName) async throws -> JSON {
        var people: Set<UserID> = []
        _ = json.replacingTexts { text in
            if let token = Token(text) { people.insert(token.person) }
            return text
        }
        guard !people.isEmpty else { return json }
        let keys = try await states(of: people, making: false)
        return json.replacingTexts { text in
            guard let token = Token(text) else { return text }
            switch keys[token.person] {
            case .key(let key)?:
                return (try? vault.openUnder(key, token.cipher, Self.context(token.person, stream))).map {
                    String(decoding: $0, as: UTF8.self)
                } ?? text
            case .erased?: return Self.erased(token.tag)
            case .unknown?, nil: return text  // a user's own text that only looks sealed
            }
        }
    }

    /// The parts of a sealed text; nil for any other text.
    private struct Token {
        let tag: String, cipher: String, person: UserID
        /// The user id as written; earlier builds may have written it in capitals.
        let spelled: String
        init?(_ text: String) {
            guard text.hasPrefix(PersonKeys.prefix) else { return nil }
            let parts = text.dropFirst(PersonKeys.prefix.count).split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0].utf8.count == 16, !parts[1].isEmpty, !parts[2].isEmpty else { return nil }
            tag = String(parts[0])
            cipher = String(parts[1])
            person = UserID(String(parts[2]))
            spelled = String(parts[2])
        }
    }

    private func tag(of text: String, _ key: [UInt8]) -> String { Hexadecimal.encode(vault.hmac(Array(text.utf8), key).prefix(8)) }
    private static let erasedPrefix = "erased-"
    private static func erased(_ tag: String) -> String { erasedPrefix + tag }
    private static func context(_ person: UserID, _ stream: StreamName) -> String { context(person.text, stream.category, stream.id) }
    private static func context(_ person: String, _ category: String, _ id: String) -> String { "\(person) \(category)-\(id)" }

    // MARK: - Keys

    private func states(of people: Set<UserID>, making: Bool) async throws -> [UserID: KeyState] {
        let now = ContinuousClock.now
        var (found, epoch) = memory.withLock { memory in
            let found = people.reduce(into: [UserID: KeyState]()) { found, person in
                guard let entry = memory.known[person], entry.until > now else { return }
                if case .unknown = entry.state, making { return }
                found[person] = entry.state
            }
            return (found, memory.epoch)
        }
        for person in people where found[person] == nil { found[person] = try await state(of: person, making: making) }
        memory.withLock { memory in
            guard memory.epoch == epoch else { return }
            if memory.known.count + found.count > Self.limit { memory.known.removeAll() }
            for (person, state) in found where memory.known[person].map({ $0.until <= now }) ?? true {
                memory.known[person] = (state, now + Self.duration)
            }
        }
        return found
    }

    private func state(of person: UserID, making: Bool) async throws -> KeyState {
        let query: SQL = "SELECT sealed FROM platform.person_keys WHERE user_id = \(person)"
        if let row = try await database.read(query).first { return try state(row, person) }
        guard making else { return .unknown }
        let sealed = try vault.seal(vault.random(32), Self.purpose, person.text)
        let rows = try await database.transact([
            "INSERT INTO platform.person_keys (user_id, sealed) VALUES (\(person), \(sealed)) ON CONFLICT (user_id) DO NOTHING", query,
        ])
        return try rows[1].rows.first.map { try state($0, person) } ?? .unknown
    }

    private func state(_ row: Row, _ person: UserID) throws -> KeyState {
        guard let sealed = try row.find("sealed", as: String.self) else { return .erased }
        return .key(try vault.open(sealed, Self.purpose, person.text))
    }
}

// MARK: - UUID folding

extension PersonKeys {
    /// Returns the ids of the users for whom a document contains sealed texts, as they are written there.
    static func people(in json: JSON) -> Set<String> {
        var people: Set<String> = []
        _ = json.replacingTexts { text in
            if let token = Token(text) { people.insert(token.spelled) }
            return text
        }
        return people
    }

    /// Returns the document with the texts that were sealed for a user or stream id in capitals sealed again for the id in lower case.
    static func refolded(_ json: JSON, of category: String, _ id: String, _ keys: [String: [UInt8]?], _ vault: Vault) throws -> JSON {
        try json.replacingTexts { text in
            guard let token = Token(text), token.spelled.withFoldedUUIDs != token.spelled || id.withFoldedUUIDs != id else { return text }
            var cipher = token.cipher
            if let key = keys[token.spelled] ?? nil {
                let plain = try vault.openUnder(key, cipher, context(token.spelled, category, id))
                cipher = try vault.sealUnder(key, plain, context(token.person.text, category, id.withFoldedUUIDs))
            }
            return "\(prefix)\(token.tag):\(cipher):\(token.person)"
        }
    }

    static func key(_ sealed: String, of person: String, _ vault: Vault) throws -> [UInt8] { try vault.open(sealed, purpose, person) }

    static func resealed(_ sealed: String, of person: String, for folded: String, _ vault: Vault) throws -> String {
        try vault.seal(try key(sealed, of: person, vault), purpose, folded)
    }
}
