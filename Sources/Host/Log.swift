import Application
import Logging

extension Log {
    init(_ log: Logger, module: String) {
        self.init { level, message, metadata in
            let all = Logger.Metadata(uniqueKeysWithValues: metadata.map { ($0.key, .string($0.value)) }).merging(["module": "\(module)"]) {
                $1
            }
            let severity: Logger.Level =
                switch level {
                case .debug: .debug
                case .info: .info
                case .notice: .notice
                case .warning: .warning
                case .error: .error
                }
            log.log(level: severity, "\(message)", metadata: all)
        }
    }
}
