import Application
import IdentityContracts
import Kernel

/// Who holds which number plate, and who says so. A plate that a tenant gives a user counts at that tenant's doors; one that the user
/// gives, or a super key, counts wherever the user has a right.
enum PlateRows {
    static let migration = Migration(
        "005-plates",
        [
            """
            CREATE TABLE identity.plates (form TEXT NOT NULL, user_id TEXT NOT NULL, plate TEXT NOT NULL, giver TEXT NOT NULL, \
            is_whole BOOLEAN NOT NULL, PRIMARY KEY (form, user_id, plate))
            """,
            "CREATE INDEX plates_by_user ON identity.plates (user_id)",
        ])

    /// Stores a plate under itself, and under each reading of it that lacks one character.
    static func add(_ plate: PlateText, of user: UserID, by caller: Caller) -> [SQL] {
        let whole = plate.folded, giver = caller.isSuper ? "" : caller.org?.text ?? ""
        return ([(whole, true)] + PlateForms.shorter(whole).map { ($0, false) }).map { form, isWhole in
            """
            INSERT INTO identity.plates (form, user_id, plate, giver, is_whole) VALUES (\(form), \(user), \(whole), \(giver), \(isWhole))
            ON CONFLICT (form, user_id, plate) DO NOTHING
            """
        }
    }

    static func remove(_ plate: PlateText, from user: UserID) -> SQL {
        "DELETE FROM identity.plates WHERE user_id = \(user) AND plate = \(plate.folded)"
    }
    static func forget(_ user: UserID) -> SQL { "DELETE FROM identity.plates WHERE user_id = \(user)" }

    /// As many holders as are looked at; more than that share no plate.
    private static let limit = 50

    /// Finds who holds a plate that a camera may have read as this one, and whose word counts at a tenant's doors.
    static func holders(of seen: PlateText, at org: OrgID, _ services: Services) async throws -> [PlateHolders.Holder] {
        let read = seen.folded
        let wholes = try await services.store.read(
            ([read] + PlateForms.confused(read)).map { form in
                """
                SELECT user_id, plate FROM identity.plates
                WHERE form = \(form) AND is_whole AND giver IN ('', \(org)) ORDER BY user_id LIMIT \(limit)
                """
            } + [
                """
                SELECT user_id, plate FROM identity.plates
                WHERE form = \(read) AND NOT is_whole AND giver IN ('', \(org)) ORDER BY user_id LIMIT \(limit)
                """
            ])
        var found: [PlateHolders.Holder] = []
        for row in wholes.joined() where found.count < limit {
            let plate: String = try row.read("plate")
            let holder = PlateHolders.Holder(user: try row.read("user_id"), plate: plate, isExact: plate.hasSameBytes(as: read))
            if !found.contains(where: { $0.user == holder.user && $0.plate.hasSameBytes(as: plate) }) { found.append(holder) }
        }
        return found
    }
}

/// How cameras misread plates.
enum PlateForms {
    private static let pairs: [(Character, Character)] = [("0", "O"), ("1", "I"), ("8", "B"), ("5", "S"), ("2", "Z"), ("6", "G")]
    private static let confusions = Dictionary(uniqueKeysWithValues: pairs + pairs.map { ($1, $0) })

    /// The readings in which one character is taken for another that looks like it.
    static func confused(_ plate: String) -> [String] {
        let characters = Array(plate)
        return characters.indices.compactMap { place in
            confusions[characters[place]].map { other in
                var copy = characters
                copy[place] = other
                return String(copy)
            }
        }
    }

    /// The readings that lack one character. A plate of fewer than five has none: too much would be like it.
    static func shorter(_ plate: String) -> Set<String> {
        let characters = Array(plate)
        guard characters.count >= 5 else { return [] }
        return Set(
            characters.indices.map { place in
                var copy = characters
                copy.remove(at: place)
                return String(copy)
            })
    }
}

/// Which tenant has put a lock into a user's list, and from when to when it is there. What users list themselves is for display only.
enum LockGivers {
    static let migration = Migration(
        "006-lock-givers",
        [
            """
            CREATE TABLE identity.lock_givers (user_id TEXT NOT NULL, lock_id TEXT NOT NULL, org_id TEXT NOT NULL, valid_from BIGINT, \
            valid_until BIGINT, PRIMARY KEY (user_id, lock_id))
            """
        ])

    static func add(_ lock: AccessibleLock, to user: UserID, by caller: Caller) -> [SQL] {
        guard case .key(let org, isSuper: false) = caller else { return [] }
        return [
            """
            INSERT INTO identity.lock_givers (user_id, lock_id, org_id, valid_from, valid_until)
            VALUES (\(user), \(lock.id), \(org), \(optional: lock.validFrom), \(optional: lock.validUntil))
            ON CONFLICT (user_id, lock_id) DO NOTHING
            """
        ]
    }
    static func remove(_ lock: AccessibleLock.ID, from user: UserID) -> SQL {
        "DELETE FROM identity.lock_givers WHERE user_id = \(user) AND lock_id = \(lock)"
    }
    static func forget(_ user: UserID) -> SQL { "DELETE FROM identity.lock_givers WHERE user_id = \(user)" }

    /// Returns those of some users in whose list the tenant has put the lock, by one of its names, for now.
    static func listed(_ users: [UserID], names: [String], by org: OrgID, at now: Timestamp, _ services: Services) async throws -> [UserID]
    {
        let found = try await services.store.read(
            users.flatMap { user in
                names.map { name in
                    """
                    SELECT 1 AS one FROM identity.lock_givers WHERE user_id = \(user) AND lock_id = \(name) AND org_id = \(org)
                    AND (valid_from IS NULL OR valid_from <= \(now)) AND (valid_until IS NULL OR valid_until > \(now))
                    """
                }
            })
        return users.enumerated().filter { place, _ in
            found[place * names.count..<(place + 1) * names.count].contains { !$0.isEmpty }
        }.map(\.element)
    }
}
