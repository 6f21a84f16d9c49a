import ArgumentParser
import Foundation
import Host

struct HubCertificateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub-certificate", abstract: "Sign the certificate with which a hub identifies itself to the broker, and print it.")
    @Option(help: "The hub's id.") var hub: String
    @Option(help: "A file with the hub's signing request, in PEM.") var csr: String
    @Option(help: "A file with the certificate of the signing authority, in PEM.") var ca: String
    @Option(name: .customLong("ca-key"), help: "A file with its key, in PEM.") var key: String
    @Option(help: "How many days it is valid.") var days = 365

    func validate() throws {
        guard UUID(uuidString: hub) != nil else { throw ValidationError("--hub must be a UUID") }
        guard (1...3_650).contains(days) else { throw ValidationError("--days must be from 1 to 3650") }
    }

    func run() throws {
        func text(_ path: String) throws -> String {
            do { return try String(contentsOf: URL(filePath: path), encoding: .utf8) } catch {
                throw ValidationError("\(path) cannot be read")
            }
        }
        print(
            try HubCertificate.sign(
                try text(csr), for: hub.lowercased(), authority: try text(ca), key: try text(key), days: days))
    }
}
