import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// The body of a request was not complete in time.
struct BodyTimeout: Error {}

/// Ends what keeps the server waiting for a request's head or body, and closes connections above the number allowed per address.
///
/// A handler runs on its channel's event loop; the counts are shared under a mutex.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum Stage {
        case idle, head, body
        /// How long the stage may last. While the connection is idle a response may be on its way; each of its parts begins the time anew,
        /// so a stream lives as long as somebody takes it.
        var limit: TimeAmount {
            switch self {
            case .idle: .seconds(60)
            case .head: .seconds(10)
            case .body: .seconds(30)
            }
        }
        /// How much longer the connection stays open, for the answer to an incomplete body.
        static let farewell = TimeAmount.seconds(3)
    }
    private let counts: ConnectionCounts
    private let bodyLimit: Int
    /// Fires when the stage may have lasted too long; set again then, and not with each stage.
    private var alarm: (scheduled: Scheduled<Void>, at: NIODeadline)?
    private var end = NIODeadline.distantFuture
    private var address: String?
    private var stage = Stage.head

    init(counts: ConnectionCounts, bodyLimit: Int) { (self.counts, self.bodyLimit) = (counts, bodyLimit) }

    func handlerAdded(context: ChannelHandlerContext) {
        try? context.pipeline.syncOperations.addHandler(ByteWatch(), position: .first)
    }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        self.address = address
        guard counts.admit(address) else { return context.close(promise: nil) }
        enter(.head, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.scheduled.cancel()
        if let address { counts.release(address) }
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ByteWatch.Arrived else { return context.fireUserInboundEventTriggered(event) }
        if stage == .idle { enter(.head, context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            enter(.body, context)
            invite(head, context)
        case .end: enter(.idle, context)
        case .body: break
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if stage == .idle { end = .now() + stage.limit }
        context.write(data, promise: promise)
    }

    /// Answers `Expect: 100-continue` at once (RFC 9110 §10.1.1), unless the body is too large: then the client gets the final response.
    private func invite(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return }
        if let length = head.headerFields[.contentLength].flatMap({ Int($0) }), length > bodyLimit { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func enter(_ stage: Stage, _ context: ChannelHandlerContext) {
        self.stage = stage
        end = .now() + stage.limit
        if let alarm, alarm.at <= end { return }
        setAlarm(context.channel)
    }

    private func setAlarm(_ channel: any Channel) {
        alarm?.scheduled.cancel()
        let scheduled = channel.eventLoop.assumeIsolated().scheduleTask(deadline: end) { [self] in
            alarm = nil
            guard end <= .now() else { return setAlarm(channel) }
            guard stage == .body else { return channel.close(promise: nil) }
            // Whoever reads the body gets the error, and answers the request.
            channel.pipeline.fireErrorCaught(BodyTimeout())
            channel.eventLoop.scheduleTask(in: Stage.farewell) { channel.close(promise: nil) }
        }
        alarm = (scheduled, end)
    }
}

/// Reports that bytes have arrived before they are parsed: the time limit for a head starts with the first byte.
private final class ByteWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    struct Arrived: Sendable {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireUserInboundEventTriggered(Arrived())
        context.fireChannelRead(data)
    }
}

/// Counts the connections per address. Trusted proxies represent many clients and are not counted.
final class ConnectionCounts: Sendable {
    private let limit: Int
    private let proxies: TrustedProxies
    private let counts = Mutex<[String: Int]>([:])

    init(limit: Int, proxies: TrustedProxies) { (self.limit, self.proxies) = (limit, proxies) }

    func admit(_ address: String) -> Bool {
        if proxies.trusts(address) { return true }
        return counts.withLock { counts in
            counts[address, default: 0] += 1
            return counts[address, default: 0] <= limit
        }
    }

    func release(_ address: String) {
        if proxies.trusts(address) { return }
        counts.withLock { counts in
            let left = counts[address, default: 1] - 1
            counts[address] = left > 0 ? left : nil
        }
    }
}
