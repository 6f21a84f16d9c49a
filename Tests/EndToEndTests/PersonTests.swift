import Foundation
import Kernel
import KernelTesting
import Testing

/// What is known about a person can be read by the person, and erased.
@Suite(.serialized) struct PersonTests {
    @Test(arguments: Layout.testable) func `a person reads what is known, and is forgotten`(layout: Layout) async throws {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), user = try await partner.user(), person = try await partner.signedIn(user)
            let stranger = try await partner.signedIn(try await partner.user()), lock = try await partner.lock().number
            let user_ = "/users/\(user)", lock_ = "/locks/\(lock)"
            #expect(try await partner.call("POST", "\(lock_)/AddKey", ["keyUuid": "k", "userId": .string(user)]).status == 200)
            #expect(
                try await partner.call("POST", "\(lock_)/AddResident", ["name": "Ann at the door", "userId": .string(user)]).status == 200)
            #expect(try await partner.call("POST", "\(user_)/AddLicensePlate", ["plate": "ABC-1234", "label": "her van"]).status == 200)
            #expect(try await partner.call("POST", "\(lock_)/OpenLock", [:], as: person).status == 200)
            let guest = UUID().uuidString.lowercased(), end = (Installation.now + .seconds(3_600)).json
            let whitelist: JSON = [
                "tempKeyUuid": .string(guest), "accessMode": "user-whitelist", "allowedUserIds": [.string(user)],
                "validFrom": Installation.now.json, "validUntil": end,
            ]
            #expect(try await partner.call("POST", "\(lock_)/create-temp-key", whitelist).status == 200)
            #expect(
                try await partner.call("POST", "\(lock_)/AddKey", ["keyUuid": "timed", "userId": .string(user), "validUntil": end]).status
                    == 200)
            #expect(try await partner.call("POST", "\(lock_)/BulkAddKeys", ["keys": [["keyUuid": "bulk"]]], as: person).status == 200)

            let export = try await partner.call("GET", "\(user_)/export", as: person)
            #expect(export.status == 200)
            for word in [
                "\(user)@example.com", "ABC1234", "her van", "Ann at the door", "OpenLock", "\"k\"", guest, "validity", "instanceId",
            ] {
                #expect(export.body.encoded.contains(word), "\(word)")
            }
            #expect(try await partner.call("GET", "\(user_)/export", as: stranger).status == 403)
            #expect(try await partner.call("GET", "\(user_)/export").status == 403)

            #expect(try await partner.call("POST", "\(user_)/EraseUser").status == 403)
            #expect(try await partner.call("POST", "\(user_)/EraseUser", [:], as: person).status == 401)
            #expect(try await partner.asStaff("POST", "\(user_)/EraseUser").status == 200)

            #expect(try await partner.call("POST", "\(lock_)/OpenLock", [:], as: person).status == 403)
            for path in ["profile", "export", "licence-plates"] {
                #expect(try await partner.call("GET", "\(user_)/\(path)").status == 404, "\(path)")
            }
            #expect(try await partner.call("GET", "/users/by-email?email=\(user)@example.com&searchOnly=true").status == 404)
            // Nobody comes back under another id, and nobody erased looks at locks.
            let fresh = UUID().uuidString.lowercased()
            #expect(try await partner.call("GET", "/users/by-email?email=\(user)@example.com&uuid=\(fresh)", as: person).status == 403)
            #expect(try await partner.call("GET", "\(lock_)/details", as: person).status == 403)
            #expect(try await partner.call("POST", "\(user_)/AddLicensePlate", ["plate": "NEW1", "label": ""]).status == 404)
            let again: JSON = ["userId": .string(user), "email": "new@example.com", "firstName": "A", "lastName": "B"]
            #expect(try await partner.call("POST", "\(user_)/CreateUser", again).status == 409)
            let hasLeft = try await eventually {
                let types = try await partner.history(lock).compactMap { $0["type"]?.text }
                return types.contains("ResidentRemoved") && types.filter { $0 == "KeyRemoved" }.count == 2
            }
            #expect(hasLeft)
            // What another process remembers of the key ends by itself.
            let isForgotten = try await eventually(within: .seconds(20)) {
                let log = try await partner.asStaff("GET", "/admin/aggregates/user/\(user)/events").body.encoded
                let door = try await partner.history(lock).map(\.encoded).joined()
                return !log.contains("ABC1234") && log.contains("erased-") && !door.contains("Ann at the door") && door.contains("erased-")
            }
            #expect(isForgotten)
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test(arguments: Layout.testable) func `a super key ends everywhere at once, and the tenant's own key stays`(layout: Layout)
        async throws
    {
        try await Installation.with(layout) { installation in
            let partner = try await Partner(installation), lock = try await partner.lock().number
            let key = try await installation.spkey("api-key", "create", "--org", partner.org, "--super"),
                holder = [(name: "X-API-Key", value: key)]
            #expect(key.utf8.count == 40, "\(key)")
            let paths = [
                "/locks/\(lock)/details", "/users/\(try await partner.user())/profile", "/hubs/\(UUID().uuidString.lowercased())/status",
            ]
            for path in paths { #expect(try await partner.call("GET", path, as: holder).status != 401, "\(path)") }
            #expect(try await installation.spkey("api-key", "revoke-super", "--org", partner.org) == "1 super keys ended.")
            for path in paths { #expect(try await partner.call("GET", path, as: holder).status == 401, "\(path)") }
            #expect(try await partner.call("GET", "/locks/\(lock)/details").status == 200)
        }
    }
}
