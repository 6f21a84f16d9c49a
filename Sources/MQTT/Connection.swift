import CMosquitto
import Dispatch
import Glibc
import Synchronization
import Waiting

/// A libmosquitto client and the thread that connects it, and connects it again, until it is ended.
///
/// The library's own loop waits with `pselect`, which cannot watch a descriptor of 1,024 or more; this one waits with `poll`.
///
/// `@unchecked Sendable`: libmosquitto's queues may be filled from any thread while one thread drives its network calls; `hasHandled`
/// and `hasMore` belong to that thread; the rest is guarded by a mutex or atomic.
final class Connection: @unchecked Sendable {
    struct State {
        var isConnected = false
        var isEnded = false
        var waiting: [Int32: OneShot<Int>] = [:]
        /// Acknowledgements that arrived before their publish call returned.
        var early: [Int32: Int] = [:]
    }
    let handle: OpaquePointer
    let state = Mutex(State())
    private let settings: MQTTSettings
    private let handlers: MQTTHandlers
    /// An event counter (`eventfd`) that ends a wait for the network.
    private let wakeUp: Int32
    private let isWoken = Atomic(false)
    private let finished = DispatchSemaphore(value: 0)
    /// Whether a callback ran during the last read.
    private var hasHandled = false
    /// Whether there may be more to read, of which `poll` knows nothing.
    private var hasMore = false
    private static let readsInARow = 64
    /// The limit of acknowledgements kept for publish calls that have not returned; more would be a fault of the library.
    private static let maxEarly = 4_096
    private static let initialised = mosquitto_lib_init()

    init(_ settings: MQTTSettings, _ handlers: MQTTHandlers) throws {
        _ = Self.initialised
        (self.settings, self.handlers) = (settings, handlers)
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeUp >= 0 else { throw MQTTFailure.library("no descriptor is left") }
        guard let handle = mosquitto_new(settings.clientID, settings.sessionExpiry == .zero, nil) else {
            close(wakeUp)
            throw MQTTFailure.library("out of memory")
        }
        self.handle = handle
        try configure()
    }

    deinit {
        mosquitto_destroy(handle)
        close(wakeUp)
    }

    private func configure() throws {
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_threaded_set(handle, true)
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5)
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        mosquitto_max_inflight_messages_set(handle, 200)
        mosquitto_username_pw_set(handle, settings.user, settings.password)
        if settings.isSecure {
            try check(
                mosquitto_tls_set(
                    handle, settings.authorityFile, settings.authorityFile == nil ? "/etc/ssl/certs" : nil, settings.certificateFile,
                    settings.keyFile, nil)
            )
        }
        if let will = settings.will {
            try check(mosquitto_will_set_v5(handle, will.topic, Int32(will.payload.count), will.payload, 1, true, nil))
        }
        mosquitto_connect_v5_callback_set(handle) { _, context, reason, _, _ in Connection.from(context).didConnect(reason) }
        mosquitto_publish_v5_callback_set(handle) { _, context, id, reason, _ in Connection.from(context).didPublish(id, Int(reason)) }
        mosquitto_message_v5_callback_set(handle) { _, context, message, _ in
            guard let message = message?.pointee, let topic = message.topic else { return }
            let payload = UnsafeRawBufferPointer(start: message.payload, count: Int(message.payloadlen))
            Connection.from(context).didReceive(
                MQTTMessage(topic: String(cString: topic), payload: Array(payload), isRetained: message.retain))
        }
    }

    private func check(_ code: Int32) throws {
        guard code == Self.success else { throw MQTTFailure.library(String(cString: mosquitto_strerror(code))) }
    }

    /// `POLLRDHUP`, which Glibc's module leaves out.
    private static let hangUp: Int16 = 0x2000
    private static let success = MOSQ_ERR_SUCCESS.rawValue

    private static func from(_ context: UnsafeMutableRawPointer?) -> Connection {
        Unmanaged<Connection>.fromOpaque(context!).takeUnretainedValue()
    }

    /// Starts the thread, which keeps this object until it is ended.
    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Connection>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    /// Makes the thread send what has been queued.
    func wake() {
        if !isWoken.exchange(true, ordering: .acquiringAndReleasing) { eventfd_write(wakeUp, 1) }
    }

    /// Ends the thread; messages that have not been sent are dropped.
    /// - Parameter isWaiting: whether to wait, for at most a second, until the broker has been told. A thread that is busy connecting is
    ///   left to end by itself.
    func end(isWaiting: Bool) {
        let wasConnected = state.withLock { state in
            defer { state.isEnded = true }
            return state.isConnected && !state.isEnded
        }
        wake()
        if isWaiting, wasConnected { _ = finished.wait(timeout: .now() + 1) }
    }

    private var isEnded: Bool { state.withLock { $0.isEnded } }

    private func run() {
        var failures = 0
        while !isEnded {
            failures = serve() ? 1 : failures + 1
            drop()
            if !isEnded { _ = wait(for: -1, upTo: min(failures, 5)) }
        }
        finished.signal()
    }

    /// Connects and serves until the connection is lost; returns whether the broker had accepted it.
    private func serve() -> Bool {
        guard connect() else { return false }
        hasMore = false
        var wasConnected = false
        while mosquitto_socket(handle) >= 0 {
            if isEnded {
                _ = mosquitto_disconnect(handle)
                _ = mosquitto_loop_write(handle, 1)
                break
            }
            let news = wait(for: mosquitto_socket(handle), upTo: hasMore ? 0 : 1)
            if news != 0 || hasMore, !read() { break }
            if mosquitto_want_write(handle), mosquitto_loop_write(handle, 1) != Self.success { break }
            guard mosquitto_loop_misc(handle) == Self.success else { break }
            wasConnected = state.withLock { $0.isConnected }
            // The library does not notice a peer that hangs up during the TLS handshake.
            if !wasConnected, news & Self.hangUp != 0 { break }
        }
        return wasConnected
    }

    /// Blocks while the broker's name is resolved and the TCP connection is made.
    private func connect() -> Bool {
        var properties: OpaquePointer?
        defer { mosquitto_property_free_all(&properties) }
        let expiry = settings.sessionExpiry.components.seconds
        if expiry > 0 { mosquitto_property_add_int32(&properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), UInt32(expiry)) }
        return mosquitto_connect_bind_v5(handle, settings.host, Int32(settings.port), 15, nil, properties) == Self.success
    }

    /// Waits for the socket, a wake-up or the end of the time; returns what happened to the socket (`revents` of poll), but for room to
    /// write.
    private func wait(for socket: Int32, upTo seconds: Int) -> Int16 {
        let writing = mosquitto_want_write(handle) ? Int16(POLLOUT) : 0
        // A negative descriptor is passed over (POSIX poll).
        var watched = (
            pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(POLLIN) | Self.hangUp | writing, revents: 0)
        )
        withUnsafeMutableBytes(of: &watched) { bytes in
            _ = poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress!, 2, Int32(seconds * 1_000))
        }
        if watched.0.revents != 0 {
            var count: eventfd_t = 0
            eventfd_read(wakeUp, &count)
            _ = isWoken.exchange(false, ordering: .acquiringAndReleasing)
        }
        return watched.1.revents & ~Int16(POLLOUT)
    }

    /// Returns false when the connection is lost.
    private func read() -> Bool {
        for _ in 0..<(settings.isSecure ? Self.readsInARow : 1) {
            hasHandled = false
            // The library looks at this after each packet; what is left of an earlier call would make it stop too early.
            errno = 0
            guard mosquitto_loop_read(handle, 1) == Self.success else { return false }
            guard hasHandled else { break }
        }
        // Under TLS there can be packets that are decrypted already, of which `poll` knows nothing. What is to be sent comes in between.
        hasMore = settings.isSecure && hasHandled
        return true
    }

    private func didConnect(_ reason: Int32) {
        hasHandled = true
        guard reason == 0, !isEnded else { return }
        state.withLock { $0.isConnected = true }
        handlers.connected()
    }

    private func didReceive(_ message: MQTTMessage) {
        hasHandled = true
        if !isEnded { handlers.received(message) }
    }

    private func didPublish(_ id: Int32, _ reason: Int) {
        hasHandled = true
        let awaited = state.withLock { state -> OneShot<Int>? in
            if let awaited = state.waiting.removeValue(forKey: id) { return awaited }
            if state.early.count >= Self.maxEarly { state.early.removeAll() }
            state.early[id] = reason
            return nil
        }
        awaited?.settle(.success(reason))
    }

    private func drop() {
        let (wasConnected, waiting) = state.withLock { state in
            defer { state.isConnected = false; state.waiting = [:]; state.early = [:] }
            return (state.isConnected, state.waiting)
        }
        for acknowledgement in waiting.values { acknowledgement.settle(.failure(MQTTFailure.lost)) }
        // Who has ended it has forgotten it, and may have another connection.
        if wasConnected, !isEnded { handlers.disconnected() }
    }
}
