import ArgumentParser
import Foundation
import Kernel
import ThreeDEyeSimulator

struct SimulateThreeDEye: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate-threedeye", abstract: "Play 3dEye's cloud, for demonstrations and tests.")
    @Option(help: "The port to listen on, on loopback.") var port = 8_790
    @Option(
        help: """
            A JSON file with a list of what goes wrong: {"method", "path", "status", "times"?, "retryAfter"?, "delayMilliseconds"?, \
            "afterwards"?}.
            """) var failures: String?

    func run() async throws {
        let simulator = ThreeDEyeSimulator()
        for fault in try faults() { simulator.inject(fault) }
        try await simulator.run(port: port) { port in
            print(
                """
                spkey: 3dEye is played at http://127.0.0.1:\(port); give `spkey serve`
                  SPKEY_THREEDEYE_URL=http://127.0.0.1:\(port) SPKEY_THREEDEYE_USERNAME=\(ThreeDEyeSimulator.user) \
                SPKEY_THREEDEYE_PASSWORD=\(ThreeDEyeSimulator.password)
                """, to: &Standard.output)
        }
    }

    private func faults() throws -> [ThreeDEyeSimulator.Fault] {
        guard let failures else { return [] }
        let json = try JSON.parse(Array(try Data(contentsOf: URL(filePath: failures))), depth: 8)
        return try (json.items ?? []).map { item in
            guard let method = item["method"]?.text, let path = item["path"]?.text, let status = item["status"]?.number else {
                throw ValidationError("each failure needs method, path and status")
            }
            return ThreeDEyeSimulator.Fault(
                method, path, status: Int(status), times: Int(item["times"]?.number ?? 1),
                retryAfter: item["retryAfter"]?.number.map { Int($0) },
                delay: .milliseconds(Int64(item["delayMilliseconds"]?.number ?? 0)), isAfterwards: item["afterwards"] == true)
        }
    }
}
