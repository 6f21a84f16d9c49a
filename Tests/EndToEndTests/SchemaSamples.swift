import Foundation
import Kernel

/// Values that a schema allows, and values that break it in one way each.
enum SchemaSamples {
    /// What the schema cannot say by itself.
    private static let known: [String: JSON] = [
        "email": "someone@example.com", "ownerEmail": "someone@example.com", "phoneNumber": "+306912345678",
        "url": "https://partner.example.com/hook",
        "timeZone": "Europe/Athens", "from": "09:00", "to": "17:00", "lockId": "1", "user_name": "someone@example.com",
    ]

    static func valid(_ schema: JSON, named name: String = "") -> JSON {
        if let known = known[name] { return known }
        if let value = schema["const"] ?? schema["enum"]?.items?.first { return value }
        if let first = schema["anyOf"]?.items?.first { return valid(first, named: name) }
        switch schema["type"]?.text {
        case "string":
            switch schema["format"]?.text {
            case "uuid": return "7c9e6679-7425-40de-944b-e07fc1f90ae7"
            case "date-time": return name == "validFrom" ? "2036-01-01T00:00:00Z" : "2036-02-01T00:00:00Z"
            default: return .string(text(matching: schema["pattern"]?.text))
            }
        case "integer", "number": return schema["minimum"] ?? 1
        case "boolean": return true
        case "array": return .array([valid(schema["items"] ?? .null)])
        default: return body(schema["properties"]?.members ?? [:], required: Set(schema["required"]?.items?.compactMap(\.text) ?? []))
        }
    }

    private static func text(matching pattern: String?) -> String {
        let texts = ["text", "123456", "MT:text"]
        guard let pattern else { return texts[0] }
        return texts.first { $0.range(of: pattern, options: .regularExpression) != nil } ?? "no text for \(pattern)"
    }

    static func body(_ properties: JSON.Object, required: Set<String>) -> JSON {
        .object(JSON.Object(properties.members.filter { required.contains($0.key) }.map { ($0.key, valid($0.value, named: $0.key)) }))
    }

    /// Each with what is wrong about it.
    static func broken(_ schema: JSON, named name: String = "") -> [(wrong: String, value: JSON)] {
        if let first = schema["anyOf"]?.items?.first { return broken(first, named: name) }
        var found: [(String, JSON)] = []
        switch schema["type"]?.text {
        case "string":
            found.append(("is no text", true))
            if schema["enum"] != nil { found.append(("is none of the words", "no-such-word")) }
            if schema["minLength"]?.integer ?? 0 > 0 { found.append(("is empty", "")) }
            if let most = schema["maxLength"]?.integer {
                found.append(("is too long", .string(String(repeating: "a", count: Int(most) + 1))))
                // One character as people count, more than allowed as machines do.
                found.append(("is too long in marks", .string("e" + String(repeating: "\u{301}", count: Int(most)))))
            }
            found.append(("is endless", .string(String(repeating: "a", count: 1_000_000))))
            if schema["format"] != nil { found.append(("is malformed", "no such thing")) }
            if schema["pattern"] != nil { found.append(("does not match", "\u{7F} !")) }
            found += ["\u{0}", "\u{202E}", "\u{7F}"].map { ("has an unseen character", .string("a\($0)b")) }
        case "integer":
            found += [("is no number", "many"), ("has a fraction", .double(1.5))]
            if let least = schema["minimum"]?.integer { found.append(("is too small", .int(least - 1))) }
            if let most = schema["maximum"]?.integer { found.append(("is too large", .int(most + 1))) }
            // Numbers that not every receiver can hold exactly (RFC 8259 §6).
            found += [.int(1 << 53), .int(.max), .int(.min), .double(1e300)].map { ("is beyond 2^53", $0) }
        case "number": found.append(("is no number", "many"))
        case "boolean": found.append(("is no flag", "yes"))
        case "array":
            found.append(("is no list", "list"))
            if schema["minItems"]?.integer ?? 0 > 0 { found.append(("is empty", [])) }
            let item = schema["items"] ?? .null
            if let most = schema["maxItems"]?.integer {
                found.append(("is too long", .array(Array(repeating: valid(item), count: Int(most) + 1))))
            }
            found += broken(item).map { ("has an item that \($0.wrong)", .array([$0.value])) }
        case "object":
            found.append(("is no object", "object"))
            let properties = schema["properties"]?.members ?? [:], required = Set(schema["required"]?.items?.compactMap(\.text) ?? [])
            let whole = body(properties, required: required).members ?? [:]
            for member in properties.members {
                if required.contains(member.key) {
                    var less = whole
                    less[member.key] = nil
                    found.append(("has no \(member.key)", .object(less)))
                }
                found += broken(member.value, named: member.key).map {
                    ("has a \(member.key) that \($0.wrong)", .object(whole.merging([member.key: $0.value])))
                }
            }
        default: break
        }
        return found
    }
}
