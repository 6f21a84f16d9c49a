import Foundation
import SwiftASN1
import X509

/// Certificates with which hubs identify themselves to the broker instead of a password.
///
/// Their common name is the hub's user, so that a broker that takes it as the user name (`use_identity_as_username`) gives the hub the
/// same role.
public enum HubCertificate {
    /// Signs the request of a hub.
    /// - Parameters:
    ///   - request: a PKCS #10 request (RFC 2986) in PEM; its subject is not used.
    ///   - authority: the certificate of the signing authority, and its key, in PEM.
    /// - Returns: the certificate in PEM, valid from now.
    /// - Throws: `ConfigurationError` when something of it cannot be used.
    public static func sign(_ request: String, for hub: String, authority: String, key: String, days: Int) throws
        -> String
    {
        let csr = try read("--csr", CertificateSigningRequest.init(pemEncoded:), request)
        guard csr.publicKey.isValidSignature(csr.signature, for: csr) else {
            throw ConfigurationError("--csr is not signed with the key that it names")
        }
        let issuer = try read("--ca", Certificate.init(pemEncoded:), authority)
        let issuerKey = try read("--ca-key", Certificate.PrivateKey.init(pemEncoded:), key)
        guard issuerKey.publicKey == issuer.publicKey else { throw ConfigurationError("--ca-key is not the key of --ca") }
        let now = Date(), subject = try DistinguishedName { CommonName("hub-\(hub)") }
        let extensions = try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.clientAuth])
        }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: csr.publicKey, notValidBefore: now - 60,
            notValidAfter: now + Double(days) * 86_400, issuer: issuer.subject, subject: subject, extensions: extensions,
            issuerPrivateKey: issuerKey)
        return try certificate.serializeAsPEM().pemString
    }

    private static func read<Value>(_ option: String, _ parse: (String) throws -> Value, _ text: String) throws -> Value {
        do { return try parse(text) } catch { throw ConfigurationError("\(option) cannot be read as PEM: \(error)") }
    }
}
