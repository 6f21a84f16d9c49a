import CCurl
import Glibc

/// One HTTP exchange. Confined to the client's thread once it has started.
///
/// `@unchecked Sendable`: handed over to the thread through a mutex and used only there afterwards.
final class Transfer: @unchecked Sendable {
    private let request: OutgoingRequest
    private let vets: Bool
    private let continuation: CheckedContinuation<OutgoingResponse, any Error>
    private var list: UnsafeMutablePointer<curl_slist>?
    private var headers: [String: String] = [:]
    private var cookies: [String] = []
    private var body: [UInt8] = []
    private var wasForbidden = false
    private var isTooLarge = false
    /// The status of the final response once its header section is complete.
    private var answered: Int?
    private var status = 0
    private static let largest = 1 << 20
    /// How much of an unwanted body is read, so that the connection can be reused.
    private static let maxIgnored = 64 << 10
    private var ignored = 0

    init(_ request: OutgoingRequest, vets: Bool, _ continuation: CheckedContinuation<OutgoingResponse, any Error>) {
        self.request = request
        self.vets = vets
        self.continuation = continuation
    }

    func prepare() -> UnsafeMutableRawPointer? {
        guard let easy = curl_easy_init() else { return nil }
        let me = Unmanaged.passUnretained(self).toOpaque()
        spkey_curl_text(easy, CURLOPT_URL, request.url)
        spkey_curl_text(easy, CURLOPT_CUSTOMREQUEST, request.method)
        spkey_curl_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        spkey_curl_text(easy, CURLOPT_PROXY, "")  // a proxy would connect for us and bypass the vetting
        spkey_curl_long(easy, CURLOPT_NOSIGNAL, 1)
        spkey_curl_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        spkey_curl_long(
            easy, CURLOPT_TIMEOUT_MS,
            Int(request.deadline.components.seconds * 1000 + request.deadline.components.attoseconds / 1_000_000_000_000_000))
        if request.method == "HEAD" { spkey_curl_long(easy, CURLOPT_NOBODY, 1) }
        if let body = request.body { spkey_curl_body(easy, body, curl_off_t(body.count)) }
        for header in request.headers { list = curl_slist_append(list, "\(header.name): \(header.value)") }
        list = curl_slist_append(list, "Expect:")
        spkey_curl_list(easy, list)
        spkey_curl_write(easy, { bytes, size, count, context in Transfer.from(context).take(bytes, size * count) }, me)
        spkey_curl_header(easy, { bytes, size, count, context in Transfer.from(context).takeHeader(bytes, size * count) }, me)
        if vets { spkey_curl_opener(easy, { context, _, address in Transfer.from(context).open(address) }, me) }
        return easy
    }

    func outcome(_ code: CURLcode, status: Int) -> Result<OutgoingResponse, any Error> {
        if wasForbidden { return .failure(OutgoingFailure.forbiddenAddress) }
        if !request.wantsBody, let answered {
            return .success(OutgoingResponse(status: answered, headers: headers, cookies: cookies, body: []))
        }
        if isTooLarge { return .failure(OutgoingFailure.tooLarge) }
        switch code {
        case CURLE_OK: return .success(OutgoingResponse(status: status, headers: headers, cookies: cookies, body: body))
        case CURLE_OPERATION_TIMEDOUT: return .failure(OutgoingFailure.timedOut)
        default: return .failure(OutgoingFailure.failed(String(cString: curl_easy_strerror(code))))
        }
    }

    func settle(_ outcome: Result<OutgoingResponse, any Error>) {
        curl_slist_free_all(list)
        list = nil
        continuation.resume(with: outcome)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    }

    private func take(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard request.wantsBody else {
            ignored += count
            return ignored <= Self.maxIgnored ? count : 0
        }
        guard let bytes, body.count + count <= Self.largest else {
            isTooLarge = true
            return 0
        }
        body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return count
    }

    private func takeHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
        guard let bytes else { return 0 }
        let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // An informational response precedes the final one (RFC 9110 §15.2).
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            headers = [:]
            cookies = []
        } else if line == "\r\n" {
            if status >= 200 { answered = status }
        } else if let colon = line.firstIndex(of: ":"), headers.count < 100 {
            let value = line[line.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
            let name = line[..<colon].lowercased()
            headers[name] = String(value)
            if name == "set-cookie", cookies.count < 20 { cookies.append(String(value)) }
        }
        return count
    }

    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>?) -> curl_socket_t {
        guard let address else { return -1 }
        let isPublic = withUnsafePointer(to: &address.pointee.addr) { Address($0).isPublic }
        guard isPublic else {
            wasForbidden = true
            return -1
        }
        return socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
    }
}
