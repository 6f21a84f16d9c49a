import NIOCore
import NIOHTTPTypes
import Synchronization

/// Ends connections that keep the server waiting for a request's head, and those above the number that one address may have.
///
/// A handler lives on its channel's event loop; the counts are shared under a mutex.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let counts: ConnectionCounts
    private var alarm: Scheduled<Void>?
    private var address: String?

    /// For the first head of a connection, and for the next one on a connection that is kept.
    private static let first = TimeAmount.seconds(10)
    private static let next = TimeAmount.seconds(60)

    init(counts: ConnectionCounts) { self.counts = counts }

    func channelActive(context: ChannelHandlerContext) {
        let address = context.remoteAddress?.ipAddress ?? ""
        self.address = address
        guard counts.admit(address) else { return context.close(promise: nil) }
        wait(Self.first, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        if let address { counts.release(address) }
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: alarm?.cancel()
        case .end: wait(Self.next, context)
        case .body: break
        }
        context.fireChannelRead(data)
    }

    private func wait(_ limit: TimeAmount, _ context: ChannelHandlerContext) {
        alarm?.cancel()
        let channel = context.channel
        alarm = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
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
