import CCurl
import Glibc
import Synchronization

/// An HTTP client using libcurl; one thread drives all transfers. Redirects are not followed and proxies are not used.
///
/// `@unchecked Sendable`: the multi handle belongs to its thread; shared state is guarded by a mutex. `curl_multi_wakeup` may be called
/// from any thread.
public final class HTTPClient: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private let waiting = Mutex<(transfers: [Transfer], isStopping: Bool)>(([], false))
    let vets: Bool

    /// - Parameter publicOnly: whether private, loopback and other special addresses are refused when a connection is opened, after
    ///   the name has been resolved. Vetted and trusted traffic need separate clients, because connections are kept and reused.
    public init(publicOnly: Bool) {
        _ = Self.initialised
        // Fails only when the process is out of memory at its start.
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl could not be set up") }
        (self.multi, vets) = (multi, publicOnly)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<HTTPClient>.fromOpaque(context!).takeRetainedValue().loop()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    private static let initialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Ends the thread; transfers in progress fail.
    public func stop() {
        waiting.withLock { $0.isStopping = true }
        curl_multi_wakeup(multi)
    }

    public func send(_ request: OutgoingRequest) async throws -> OutgoingResponse {
        try await withCheckedThrowingContinuation { continuation in
            let isStopped = waiting.withLock { waiting in
                if !waiting.isStopping { waiting.transfers.append(Transfer(request, vets: vets, continuation)) }
                return waiting.isStopping
            }
            if isStopped {
                continuation.resume(throwing: OutgoingFailure.failed("the client has stopped"))
            } else {
                curl_multi_wakeup(multi)
            }
        }
    }

    private func loop() {
        var active: [UnsafeMutableRawPointer: Transfer] = [:]
        while true {
            let (fresh, isStopping) = waiting.withLock { waiting in
                defer { waiting.transfers = [] }
                return (waiting.transfers, waiting.isStopping)
            }
            for transfer in fresh { start(transfer, &active) }
            if isStopping { break }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            finish(&active)
            curl_multi_poll(multi, nil, 0, 1_000, nil)
        }
        for (easy, transfer) in active { end(easy, transfer, .failure(OutgoingFailure.failed("the client has stopped"))) }
        curl_multi_cleanup(multi)
    }

    private func start(_ transfer: Transfer, _ active: inout [UnsafeMutableRawPointer: Transfer]) {
        guard let easy = transfer.prepare() else { return transfer.settle(.failure(OutgoingFailure.failed("libcurl could not be set up"))) }
        active[easy] = transfer
        curl_multi_add_handle(multi, easy)
    }

    private func finish(_ active: inout [UnsafeMutableRawPointer: Transfer]) {
        var code = CURLE_OK
        while let easy = spkey_curl_done(multi, &code) {
            guard let transfer = active.removeValue(forKey: easy) else { continue }
            end(easy, transfer, transfer.outcome(code, status: Int(spkey_curl_status(easy))))
        }
    }

    private func end(_ easy: UnsafeMutableRawPointer, _ transfer: Transfer, _ outcome: Result<OutgoingResponse, any Error>) {
        curl_multi_remove_handle(multi, easy)
        curl_easy_cleanup(easy)
        transfer.settle(outcome)
    }
}
