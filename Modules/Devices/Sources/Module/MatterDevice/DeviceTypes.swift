/// The Matter device types that buildings have, by their number (Matter Device Library Specification).
enum DeviceTypes {
    static let contactSensor = 21, waterLeakDetector = 67
    /// What people ring with: a switch, an audio doorbell, a video doorbell, a doorbell, an intercom.
    static let bells: Set = [15, 320, 321, 323, 328]

    private static let names: [Int64: String] = [
        10: "lock", 11: "door_lock_controller", 15: "switch", 19: "bridged_node", 21: "contact_sensor", 44: "air_quality_sensor",
        65: "water_freeze_detector", 66: "water_valve", 67: "water_leak_detector", 68: "rain_sensor", 69: "soil_sensor",
        118: "smoke_co_alarm", 256: "on_off_light", 257: "dimmable_light", 262: "light_sensor", 263: "occupancy_sensor",
        266: "on_off_plug", 267: "dimmable_plug", 320: "intercom", 321: "audio_doorbell", 322: "camera", 323: "video_doorbell",
        328: "doorbell", 514: "window_covering", 769: "thermostat", 770: "temperature_sensor", 773: "pressure_sensor", 774: "flow_sensor",
        775: "humidity_sensor", 2128: "on_off_sensor",
    ]
    private static let numbers = Dictionary(uniqueKeysWithValues: names.map { ($0.value, Int($0.key)) })

    /// Returns the name of a type; `generic` for one that has none here.
    static func name(of number: Int64) -> String { names[number] ?? "generic" }
    static func number(of name: String) -> Int? { numbers[name] }
}
