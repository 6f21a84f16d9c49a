import DevicesContracts
import Kernel
import Testing

@Suite struct DeviceCommandTests {
    static let commands: [(DeviceCommand, String, JSON)] = [
        (.unlock(reason: "post", request: "r"), "unlock", ["request_id": "r", "reason": "post"]),
        (.unlock(reason: nil, request: nil), "unlock", [:]),
        (
            .addKey(DeviceKey(id: "k", index: 3), holder: "ann"), "add_key",
            ["key_uuid": "k", "key_index": 3, "user_id": "ann"]
        ),
        (.addKey(DeviceKey(id: "k"), holder: nil), "add_key", ["key_uuid": "k"]),
        (.removeKey(DeviceKey(id: "k", index: 3)), "remove_key", ["key_uuid": "k", "key_index": 3]),
        (.writeKey(DeviceKey(id: "k")), "write_key", ["key_uuid": "k"]),
        (
            .matter(MatterCommand(endpoint: 1, cluster: 257, name: "UnlockDoor", timedRequest: 1_000)), "device_command",
            [
                "endpoint_id": 1, "cluster_id": 257, "command_name": "UnlockDoor", "payload": [:], "timed_request_timeout_ms": 1_000,
            ]
        ),
    ]

    @Test(arguments: commands) func `a command is read as it was written`(command: DeviceCommand, name: String, arguments: JSON) throws {
        #expect(command.name == name && command.arguments == arguments)
        #expect(try DeviceCommand(name: name, arguments: arguments) == command)
    }

    @Test(
        arguments: [("explode", [:]), ("add_key", [:]), ("remove_key", ["key_uuid": 5]), ("device_command", ["endpoint_id": 1])]
            as [(String, JSON)])
    func `what is no command is refused`(name: String, arguments: JSON) {
        #expect(throws: UnknownDeviceCommand(name: name)) { try DeviceCommand(name: name, arguments: arguments) }
    }
}
