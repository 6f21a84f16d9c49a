import Application
import Kernel

/// Counts unknown links per client address. Beyond the limit, further unknown links are answered with 429; known links keep working,
/// because many users may share an address. It is their 122 random bits that keep links from being guessed.
enum UnknownLinks {
    /// Counts one unknown link.
    /// - Returns: how long the address has to wait, if it has tried too many.
    static func note(_ request: Request, _ services: Services) async throws -> Duration? {
        let throttles = try await PinThrottle.load([.links(request.address)], services)
        if let wait = PinThrottle.wait(throttles, at: services.clock()) { return wait }
        return try await PinThrottle.noteFailure(in: throttles, services)
    }
}
