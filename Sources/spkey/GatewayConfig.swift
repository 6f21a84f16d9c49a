import ArgumentParser
import Host

struct GatewayConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-config", abstract: "Print an nginx configuration that sends each operation to the process of its module.")
    @Option(help: "Where the gateway listens.") var listen: String
    @Option(name: .customLong("upstream"), help: "A module and its process, as access=HOST:PORT; once per module.") var upstreams:
        [String] = []

    func run() async throws {
        var found: [String: String] = [:]
        for upstream in upstreams {
            let parts = upstream.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw ValidationError("--upstream must be like access=127.0.0.1:9001") }
            found[parts[0]] = parts[1]
        }
        print(try Gateway(listen: listen, upstreams: found).configuration, terminator: "")
    }
}
