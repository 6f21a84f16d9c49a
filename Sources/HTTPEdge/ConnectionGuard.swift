import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Ends connections that keep the server waiting for a request's head or body, and those above the number that one address may have.
///
/// A handler lives on its channel's event loop; the counts are shared under a mutex.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private enum Stage {
        case idle, head, body
        /// How long it may last; an answer may be on its way while nothing is asked.
        var limit: TimeAmount {
            switch self {
            case .idle: .seconds(60)
            case .head: .seconds(10)
            // A little longer than the request waits for it, so that it is answered first.
            case .body: .seconds(33)
            }
        }
    }
    private let counts: ConnectionCounts
    private let bodyLimit: Int
    private var alarm: Scheduled<Void>?
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
        alarm?.cancel()
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

    /// Who asks whether the body may come is told so at once (RFC 9110 §10.1.1), or gets the final answer where it may not.
    private func invite(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return }
        if let length = head.headerFields[.contentLength].flatMap({ Int($0) }), length > bodyLimit { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func enter(_ stage: Stage, _ context: ChannelHandlerContext) {
        self.stage = stage
        alarm?.cancel()
        let channel = context.channel
        alarm = context.eventLoop.scheduleTask(in: stage.limit) { channel.close(promise: nil) }
    }
}

/// Tells that bytes have arrived before anything is made of them: with the first of them the time for a head begins.
private final class ByteWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    struct Arrived: Sendable {}

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireUserInboundEventTriggered(Arrived())
        context.fireChannelRead(data)
    }
}

/// How many connections each address has. Trusted proxies stand for many clients and are not counted.
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
