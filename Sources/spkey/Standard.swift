import Glibc

/// The standard streams of the process as print targets, written without buffering. The C globals are not safe to use from Swift 6.
enum Standard {
    struct Stream: TextOutputStream {
        let descriptor: Int32

        func write(_ text: String) {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                guard written > 0 else { return }
                bytes = bytes.dropFirst(written)
            }
        }
    }
    static var error: Stream {
        get { Stream(descriptor: STDERR_FILENO) }
        set {}
    }
    static var output: Stream {
        get { Stream(descriptor: STDOUT_FILENO) }
        set {}
    }
}
