public import Kernel

/// Somebody presses a doorbell, or a switch that serves as one.
public struct BellPressed: PublishedEvent {
    public static let module = "devices"
    public static let form = PublishedForm<BellPressed>(
        "DeviceBellPressed", members: .init(.member("deviceId"), .member("thingName"), .tenant), make: BellPressed.init)
    /// The device, by the name under which it was registered.
    public let device: ThingName
    public let thing: ThingName
    /// The tenant of the device.
    public let org: OrgID?

    public init(device: ThingName, thing: ThingName, org: OrgID?) { (self.device, self.thing, self.org) = (device, thing, org) }
}
