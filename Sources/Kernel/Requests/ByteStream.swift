/// A body that is made while it is sent: each part is asked for when the one before has been taken, so a slow reader holds up nothing else.
public final class ByteStream: Sendable, Equatable {
    public let parts: AsyncThrowingStream<[UInt8], any Error>

    public init(_ parts: AsyncThrowingStream<[UInt8], any Error>) { self.parts = parts }

    public static func == (a: ByteStream, b: ByteStream) -> Bool { a === b }
}
