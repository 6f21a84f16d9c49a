import Application
import Kernel

/// The nginx configuration that puts the processes of the modules behind one address: every operation goes to the process of its module. It
/// is generated from the operations, so that it cannot become outdated.
public struct Gateway: Sendable {
    /// `HOST:PORT`
    let listen: String
    /// `HOST:PORT` by module.
    let upstreams: [String: String]

    /// Throws `ConfigurationError` when a module has no upstream.
    public init(listen: String, upstreams: [String: String]) throws {
        let missing = Modules.all.map(\.name).filter { upstreams[$0] == nil }
        guard missing.isEmpty else { throw ConfigurationError("--upstream is missing for \(missing.joined(separator: ", "))") }
        let unknown = upstreams.keys.filter { name in !Modules.all.contains { $0.name == name } }
        guard unknown.isEmpty else {
            throw ConfigurationError("--upstream names unknown modules: \(unknown.sorted().joined(separator: ", "))")
        }
        (self.listen, self.upstreams) = (listen, upstreams)
    }

    public var configuration: String {
        let servers = Modules.all.map { "    upstream \($0.name) { server \(upstreams[$0.name]!) max_fails=0; keepalive 64; }" }
        let locations = Modules.all.flatMap { module in
            Set(module.operations.map(\.path)).sorted().map {
                "        location ~ ^\(Self.pattern($0))/?$ { proxy_pass http://\(module.name); }"
            }
        }
        return """
            # Made by `spkey gateway-config`. Runs unprivileged: nginx -p DIR -c FILE -g 'daemon off;'
            pid nginx.pid;
            error_log stderr warn;
            worker_processes auto;
            events { worker_connections 4096; }
            http {
                access_log off;
                client_body_temp_path tmp-body; proxy_temp_path tmp-proxy; fastcgi_temp_path tmp-fastcgi; uwsgi_temp_path \
            tmp-uwsgi; scgi_temp_path tmp-scgi;
                client_max_body_size 2m;
                client_header_timeout 10s; client_body_timeout 30s;
                large_client_header_buffers 4 16k;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $remote_addr;
                proxy_set_header X-Forwarded-Proto $scheme;
                proxy_connect_timeout 2s; proxy_read_timeout 45s;
                proxy_next_upstream off;
                # A request that had reached its process when the answer was lost may have been carried out.
                map "$request_method:$upstream_connect_time" $fate { default OutcomeUnknown; ~^(GET|HEAD|OPTIONS): Unavailable; \
            ~:-?$ Unavailable; }
                map $fate $words {
                    default "This part of the system is not available now.";
                    OutcomeUnknown "The answer was lost: the effect may have happened. Repeat with the same Idempotency-Key.";
                }
                proxy_intercept_errors off;
            \(servers.joined(separator: "\n"))
                server {
                    listen \(listen);
                    error_page 502 504 = @down;
                    location @down {
                        default_type application/json;
                        add_header Retry-After 2 always;
                        return 503 '{"success":false,"error":"$fate","message":"$words","errors":[{"code":503,"message":"$words"}]}';
                    }
                    location = /readyz { proxy_pass http://\(Modules.all[0].name)/readyz?all; }
                    location = /metrics { return 404; }
            \(Modules.all.map { "        location = /metrics/\($0.name) { proxy_pass http://\($0.name)/metrics; }" }.joined(separator: "\n"))
            \(locations.joined(separator: "\n"))
                    location / { proxy_pass http://\(Modules.all[0].name); }
                }
            }

            """
    }

    /// Returns a path as a regular expression; each parameter matches one segment.
    private static func pattern(_ path: String) -> String {
        path.split(separator: "/").map { $0.first == "{" ? "/[^/]+" : "/" + $0.replacing(".", with: "\\.") }.joined()
    }
}
