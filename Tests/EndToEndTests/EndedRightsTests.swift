import Foundation
import Kernel
import KernelTesting
import Testing

/// What waits for a device that is away ends with the right that it rests on, whichever way the right ends.
@Suite(.serialized) struct EndedRightsTests {
    enum End: String, CaseIterable, Sendable {
        case keyRemoved, holderSuspended, ownerChanged, tenantChanged, deviceReplaced, sharedKeyRevoked, doorRemoved
        /// The last: the partner has no key after it.
        case apiKeyRevoked
    }

    struct Door: Sendable {
        let partner: Partner
        let lock: (number: Int, uuid: String)
        var path: String { "/locks/\(lock.number)" }

        func key(_ more: JSON.Object = [:]) async throws -> String {
            let window: JSON.Object = [
                "validFrom": (Installation.now - .seconds(1)).json, "validUntil": (Installation.now + .seconds(60)).json,
            ]
            let reply = try await partner.call(
                "POST", "/temp-keys", .object(window.merging(["doors": [["lockId": .int(Int64(lock.number))]]])))
            return try #require(reply.body["uuid"]?.text)
        }

        /// Opens the door by a right; answers the action, and how the right ends.
        func open(until end: End) async throws -> (action: String, end: () async throws -> Reply) {
            func opened(_ reply: Reply) throws -> String { try #require(reply.headers["x-action-id"], "\(end): \(reply)") }
            switch end {
            case .keyRemoved, .holderSuspended, .ownerChanged:
                let user = try await partner.user(), person = try await partner.signedIn(user)
                if end == .ownerChanged {
                    #expect(try await partner.call("POST", "\(path)/SetOwner", ["userId": .string(user)]).status == 200)
                } else {
                    #expect(try await partner.call("POST", "\(path)/AddKey", ["keyUuid": "k", "userId": .string(user)]).status == 200)
                }
                let action = try opened(try await partner.call("POST", "\(path)/OpenLock", [:], as: person))
                let next = try await partner.user()
                return (
                    action,
                    {
                        switch end {
                        case .keyRemoved: try await partner.call("POST", "\(path)/RemoveKey", ["keyUuid": "k"])
                        case .ownerChanged: try await partner.call("POST", "\(path)/SetOwner", ["userId": .string(next)])
                        default: try await partner.call("POST", "/users/\(user)/SuspendUser", ["reason": "lost phone"])
                        }
                    }
                )
            case .tenantChanged, .deviceReplaced:
                let action = try opened(try await partner.call("POST", "\(path)/OpenLock", [:])),
                    other = try await Partner(partner.installation)
                let superKey = try await partner.installation.spkey("api-key", "create", "--org", partner.org, "--super")
                return (
                    action,
                    {
                        end == .tenantChanged
                            ? try await partner.call("POST", "\(path)/SetOrganization", ["orgId": .string(other.org)])
                            : try await partner.call(
                                "POST", "\(path)/ChangeLockUuid", ["newUuid": .string(UUID().uuidString)],
                                as: [(name: "X-API-Key", value: superKey)])
                    }
                )
            case .apiKeyRevoked:
                let action = try opened(try await partner.call("POST", "\(path)/OpenLock", [:]))
                return (action, { try await partner.asStaff("DELETE", "/api-keys/\(partner.org)") })
            case .sharedKeyRevoked, .doorRemoved:
                let key = try await key()
                let action = try opened(try await partner.call("POST", "/temp-keys/\(key)/doors/1/open", ["attempt": "a"], as: []))
                return (
                    action,
                    {
                        end == .doorRemoved
                            ? try await partner.call("POST", "/temp-keys/\(key)/doors/1/remove")
                            : try await partner.call("DELETE", "/temp-keys/\(key)")
                    }
                )
            }
        }
    }

    /// What the device of a lock that comes back hears, once it has asked.
    static func heard(_ broker: Broker, _ lock: String) async throws -> String {
        let device = try await Device(broker, lock)
        defer { device.close() }
        let isAnswered = try await eventually {
            try await device.say("get", [:])
            return !device.all("get/accepted").isEmpty
        }
        #expect(isAnswered)
        return ["get/accepted", "update/delta", "update/documents"].flatMap { device.all($0) }.map(\.encoded).joined(separator: "\n")
    }

    @Test(arguments: [Layout.sqlite, .five]) func `a door is not opened by a right that has ended`(layout: Layout) async throws {
        try await DeviceTests.with(layout) { installation, broker, partner in
            let control = Door(partner: partner, lock: try await partner.lock())
            #expect(try await partner.call("POST", "\(control.path)/OpenLock", [:]).status == 200)
            #expect(try await Self.heard(broker, control.lock.uuid).contains("unlock"))
            for end in End.allCases {
                let door = Door(partner: partner, lock: try await partner.lock()), (action, ended) = try await door.open(until: end)
                let reply = try await ended()
                #expect((200..<300).contains(reply.status), "\(end): \(reply)")
                // The end was answered: from now on the device hears nothing of it, whenever it comes.
                let heard = try await Self.heard(broker, door.lock.uuid)
                #expect(!heard.contains("unlock"), "\(end): \(heard)")
                let isTold = try await eventually {
                    try await partner.asStaff("GET", "/actions/\(action)").body["error"]?["type"] == "Withdrawn"
                }
                #expect(isTold, "\(end)")
            }
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }

    @Test(arguments: [Layout.sqlite, .five]) func `a key that waits for its device goes with the tenant that gave it`(layout: Layout)
        async throws
    {
        try await DeviceTests.with(layout) { installation, broker, partner in
            let lock = try await partner.lock(), other = try await Partner(installation)
            #expect(
                try await partner.call(
                    "POST", "/locks/\(lock.number)/AddKey", ["keyUuid": "k", "userId": .string(try await partner.user())]
                ).status == 200)
            #expect(try await partner.call("POST", "/locks/\(lock.number)/SetOrganization", ["orgId": .string(other.org)]).status == 200)
            let device = try await Device(broker, lock.uuid, answers: true)
            defer { device.close() }
            // What it is told is to let go of the key, should it have it; never to take it.
            let isGone = try await eventually {
                try await device.say("get", [:])
                return try await other.call("GET", "/locks/\(lock.number)/details").body["keysNotRemovedYet"]?.items?.isEmpty != false
                    && !device.opens.isEmpty
            }
            #expect(isGone)
            let heard = ["get/accepted", "update/delta", "update/documents"].flatMap { device.all($0) }.map(\.encoded).joined(
                separator: "\n")
            #expect(heard.contains("remove_key") && !heard.contains("add_key"), "\(heard)")
        }
    }
}
