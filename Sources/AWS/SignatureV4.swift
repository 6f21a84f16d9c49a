import Crypto
public import Kernel

/// AWS Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request"): what a request is signed by, and how.
public struct SignatureV4: Sendable, Equatable {
    public static let algorithm = "AWS4-HMAC-SHA256"

    /// What a signing key is made for: a day, a region and a service.
    public struct Scope: Sendable, Equatable {
        /// `20150830`
        public let day: String
        public let region: String
        public let service: String

        public init(day: String, region: String, service: String) {
            self.day = day
            self.region = region
            self.service = service
        }

        public var text: String { "\(day)/\(region)/\(service)/aws4_request" }
    }

    /// A pair of an access key id and its secret.
    public struct Credentials: Sendable {
        public let id: String
        public let secret: String

        public init(id: String, secret: String) {
            self.id = id
            self.secret = secret
        }
    }

    public let accessKey: String
    public let scope: Scope
    /// In lower case, sorted.
    public let signedHeaders: [String]
    /// In hexadecimal digits.
    public let signature: String

    /// Signs a request.
    /// - Parameter time: as `20150830T123600Z`; the value of its header `x-amz-date`.
    public init(of request: SignedRequest, headers: [String], with credentials: Credentials, scope: Scope, time: String) {
        accessKey = credentials.id
        self.scope = scope
        signedHeaders = headers.map { $0.lowercased() }.sorted()
        signature = Self.signature(of: request, signedHeaders, secret: credentials.secret, scope, time: time)
    }

    /// Whether it is what the secret makes of the request. Takes the same time whatever the signature is.
    public func isMade(of request: SignedRequest, with secret: String, time: String) -> Bool {
        Secret.areEqual(Self.signature(of: request, signedHeaders, secret: secret, scope, time: time), signature)
    }

    static func signature(of request: SignedRequest, _ headers: [String], secret: String, _ scope: Scope, time: String) -> String {
        let canonical = request.canonical(signing: headers)
        let toSign = "\(algorithm)\n\(time)\n\(scope.text)\n\(Hexadecimal.encode(SHA256.hash(data: Array(canonical.utf8))))"
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for part in [scope.day, scope.region, scope.service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return Hexadecimal.encode(HMAC<SHA256>.authenticationCode(for: Array(toSign.utf8), using: key))
    }
}

// MARK: - The Authorization header

extension SignatureV4 {
    /// The value of the header `Authorization`.
    public var header: String {
        let headers = signedHeaders.joined(separator: ";")
        return "\(Self.algorithm) Credential=\(accessKey)/\(scope.text), SignedHeaders=\(headers), Signature=\(signature)"
    }

    /// Whether a header `Authorization` claims to be such a signature.
    public static func isClaimed(by header: String) -> Bool { header.hasPrefix(algorithm + " ") }

    /// Reads a header `Authorization`; nil when it is not well formed.
    public init?(header: String) {
        guard Self.isClaimed(by: header) else { return nil }
        var parts: [Substring: Substring] = [:]
        for part in header.dropFirst(Self.algorithm.count + 1).split(separator: ",") {
            let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, parts.updateValue(pair[1], forKey: pair[0]) == nil else { return nil }
        }
        guard let credential = parts["Credential"]?.split(separator: "/"), credential.count == 5, credential[4] == "aws4_request",
            let headers = parts["SignedHeaders"]?.split(separator: ";"), !headers.isEmpty, let signature = parts["Signature"]
        else { return nil }
        accessKey = String(credential[0])
        scope = Scope(day: String(credential[1]), region: String(credential[2]), service: String(credential[3]))
        signedHeaders = headers.map(String.init)
        self.signature = String(signature)
    }
}

// MARK: - Time

extension SignatureV4 {
    /// A time as the header `x-amz-date` has it: `20150830T123600Z` (ISO 8601, basic format).
    public static func time(of timestamp: Timestamp) -> String {
        String(timestamp.iso.prefix { $0 != "." && $0 != "Z" }.filter { $0 != "-" && $0 != ":" }) + "Z"
    }

    /// Reads such a time; nil when it is not well formed.
    public static func timestamp(of time: String) -> Timestamp? {
        let bytes = Array(time.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        return Timestamp(iso: "\(text(0..<4))-\(text(4..<6))-\(text(6..<8))T\(text(9..<11)):\(text(11..<13)):\(text(13..<15))Z")
    }
}
