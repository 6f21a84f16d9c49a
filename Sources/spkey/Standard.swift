import Glibc

/// The error stream as a place to print to; the C global is not safe to touch from Swift 6.
enum Standard {
    struct ErrorStream: TextOutputStream {
        func write(_ text: String) {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let written = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
                guard written > 0 else { return }
                bytes = bytes.dropFirst(written)
            }
        }
    }
    static var error: ErrorStream {
        get { ErrorStream() }
        set {}
    }
}
