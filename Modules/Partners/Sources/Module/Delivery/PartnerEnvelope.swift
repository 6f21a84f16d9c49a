import DevicesContracts
import Kernel

/// The body of a delivery, in the shape that the contract fixes for each of its two sources.
enum PartnerEnvelope {
    /// Values of the event bus whose envelope the contract has kept.
    private static let region = "eu-west-1", account = "000000000000"

    static func body(_ envelope: Envelope, for org: OrgID) -> JSON {
        let isShadow = envelope.name == ShadowChanged.name
        return [
            "id": .string(envelope.id), "source": isShadow ? "spk.iot.shadow" : "spk.api", "detail-type": .string(envelope.name),
            "time": .string(envelope.at.iso.prefix(19) + "Z"), "region": .string(region), "account": .string(account),
            "version": "0", "resources": [], "detail": isShadow ? shadow(envelope, org) : event(envelope, org),
        ]
    }

    private static func event(_ envelope: Envelope, _ org: OrgID) -> JSON {
        [
            "partnerId": org.json, "aggregateType": .string(envelope.stream.category), "aggregateId": .string(envelope.subject),
            "version": .int(Int64(envelope.version)), "timestamp": .int(envelope.at.milliseconds),
            "data": EventData(envelope.name, envelope.data).described,
        ]
    }

    /// Returns the detail of a shadow event; documents are sent as JSON text.
    private static func shadow(_ envelope: Envelope, _ org: OrgID) -> JSON {
        func text(_ name: String) -> JSON { envelope.data[name].map { .string($0.encoded) } ?? .null }
        return [
            "partnerId": org.json, "thingName": envelope.data["thing"] ?? .string(envelope.stream.id),
            "version": envelope.data["version"] ?? .null,
            "desiredState": text("desired"), "reportedState": text("reported"), "deltaState": text("delta"), "metadata": text("metadata"),
        ]
    }
}
