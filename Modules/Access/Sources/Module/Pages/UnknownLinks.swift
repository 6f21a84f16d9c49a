import Application
import Kernel

/// Links that lead nowhere are counted for each place that tries them: beyond the limit it hears 429 for every further one. A link that
/// is known works all the same, as many people share an address. What keeps links from being guessed is their 122 random bits.
enum UnknownLinks {
    /// Counts one.
    /// - Returns: how long the place has to wait, when it has tried too many.
    static func note(_ request: Request, _ services: Services) async throws -> Duration? {
        let throttles = try await PinThrottle.load([.links(request.address)], services)
        if let wait = PinThrottle.wait(throttles, at: services.clock()) { return wait }
        return try await PinThrottle.noteFailure(in: throttles, services)
    }
}
