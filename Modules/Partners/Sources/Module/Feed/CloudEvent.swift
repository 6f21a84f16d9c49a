import Kernel

/// The form of an event for those who ask for CloudEvents (CloudEvents 1.0, §3). Its data is the `detail` of the envelope.
enum CloudEvent {
    static let mediaType = "application/cloudevents+json"

    /// Whether a caller accepts the form, by the `Accept` header.
    static func isWanted(by accept: String?) -> Bool {
        (accept ?? "").split(separator: ",").contains { part in
            let type = String(part.prefix { $0 != ";" }).trimmed.lowercased()
            return type == mediaType || type == "application/cloudevents-batch+json"
        }
    }

    static func json(of envelope: JSON) -> JSON {
        let detail = envelope["detail"] ?? .null
        return [
            "specversion": "1.0", "id": envelope["id"], "source": envelope["source"], "type": envelope["detail-type"],
            "subject": detail["aggregateId"] ?? detail["thingName"], "time": envelope["time"], "datacontenttype": "application/json",
            "data": detail,
        ]
    }
}
