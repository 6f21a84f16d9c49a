import Kernel

/// Links that lead nowhere are counted for each place that tries them: a link opens a door by being known, and is not to be found by trying.
enum UnknownLinks {
    static func mayTry(_ request: Request, _ services: Services) async throws -> Bool {
        PinThrottle.wait(try await PinThrottle.load([.links(request.address)], services), at: services.clock()) == nil
    }

    static func note(_ request: Request, _ services: Services) async throws {
        _ = try await PinThrottle.noteFailure(in: try await PinThrottle.load([.links(request.address)], services), services)
    }
}
