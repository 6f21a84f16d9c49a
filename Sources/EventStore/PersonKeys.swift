public import Application
public import Database
public import Kernel
import Synchronization

/// The keys of persons, and what is sealed under them.
///
/// A sealed text is `sealed:TAG:CIPHERTEXT:PERSON`. The tag is a keyed digest of the text: once the key is gone it stands for the text, so
/// that what was equal stays equal, and says nothing about it.
public final class PersonKeys: Sendable {
    public static let migration = Migration(
        "004-person-keys",
        [
            // An erased person keeps the row, without a key: nothing is sealed for that id any more.
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
    /// How long a key is remembered, and so how long after an erasure another process may still read events that it had sealed.
    private static let span = Duration.seconds(5)
    private static let most = 10_000, prefix = "sealed:", purpose = "person-key"

    public init(database: any Database, vault: Vault) { (self.database, self.vault) = (database, vault) }

    /// The statement that takes a person's key away for good.
    public static func forget(_ user: UserID) -> SQL {
        "INSERT INTO platform.person_keys (user_id, sealed) VALUES (\(user), NULL) ON CONFLICT (user_id) DO UPDATE SET sealed = NULL"
    }

    /// An erasure moves the epoch of the credentials: what was remembered before it counts no more.
    func see(_ epoch: Int64) {
        memory.withLock { memory in
            guard epoch > memory.epoch else { return }
            memory = Memory(epoch: epoch)
        }
    }

    // MARK: - Sealing

    /// Seals the fields of several objects of a stream: of events, and last of the state that they lead to. Of an erased person nothing is
    /// kept; a word of theirs that is new gets one token wherever it stands.
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
                    let token = tokens[text] ?? Self.erased(Self.hex(vault.random(8)))
                    tokens[text] = token
                    return token
                }
                let cipher = try vault.sealUnder(key, Array(text.utf8), Self.context(person, stream))
                return Self.prefix + tag(of: text, key) + ":" + cipher + ":" + person.text
            }
        }
    }

    /// Opens whatever is sealed in a value.
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
            case .unknown?, nil: return text  // somebody's own words
            }
        }
    }

    /// A sealed text in its parts; nil for any other text.
    private struct Token {
        let tag: String, cipher: String, person: UserID
        /// The person as an earlier build may have written the name: in capitals.
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

    private func tag(of text: String, _ key: [UInt8]) -> String { Self.hex(vault.hmac(Array(text.utf8), key).prefix(8)) }
    private static let erasedPrefix = "erased-"
    private static func erased(_ tag: String) -> String { erasedPrefix + tag }
    private static func context(_ person: UserID, _ stream: StreamName) -> String { context(person.text, stream.category, stream.id) }
    private static func context(_ person: String, _ category: String, _ id: String) -> String { "\(person) \(category)-\(id)" }
    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

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
            if memory.known.count + found.count > Self.most { memory.known.removeAll() }
            for (person, state) in found where memory.known[person].map({ $0.until <= now }) ?? true {
                memory.known[person] = (state, now + Self.span)
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

// MARK: - Names that are folded

extension PersonKeys {
    /// The persons for whom something is sealed in a document, as they are written there.
    static func people(in json: JSON) -> Set<String> {
        var people: Set<String> = []
        _ = json.replacingTexts { text in
            if let token = Token(text) { people.insert(token.spelled) }
            return text
        }
        return people
    }

    /// The document with what is sealed for a person or a stream in capitals sealed for their names in small letters.
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
