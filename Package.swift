// swift-tools-version:6.2
import Foundation
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func hummingbird(_ name: String) -> Target.Dependency { .product(name: name, package: "hummingbird") }
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

/// A part of the platform that is no module.
/// - Parameter resources: whether its folder `Resources` is compiled in.
func part(_ name: String, _ dependencies: [Target.Dependency] = [], resources: Bool = false) -> Target {
    .target(
        name: name, dependencies: dependencies, resources: resources ? [.embedInCode("Resources")] : [], swiftSettings: settings)
}

/// A bounded context: contracts that others may see, one implementation, its tests.
struct Module {
    let name: String
    /// The modules whose contracts it knows.
    let knows: [String]
    /// Pure libraries of the platform that it uses.
    var libraries: [Target.Dependency] = []
    /// The live sides of its ports, in targets of their own.
    var ports: [(name: String, dependencies: [Target.Dependency])] = []

    /// Folders of stored samples, which the tests read from where they stand.
    private var samples: [String] { hasFolder("Tests/Samples") ? ["Samples"] : [] }
    /// Templates, styles and scripts, which are compiled in.
    private func resources(of port: String) -> [Resource] {
        hasFolder("Sources/\(port)/Resources") ? [.embedInCode("Resources")] : []
    }
    private func hasFolder(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/Modules/\(name)/\(path)")
    }

    var targets: [Target] {
        let home = "Modules/\(name)"
        let contracts = [Target.Dependency.target(name: "\(name)Contracts")] + knows.map { .target(name: "\($0)Contracts") }
        return [
            .target(
                name: "\(name)Contracts", dependencies: ["Application", "Kernel"], path: "\(home)/Sources/Contracts",
                swiftSettings: settings),
            .target(
                name: name, dependencies: ["Application", "Kernel"] + libraries + contracts, path: "\(home)/Sources/Module",
                packageAccess: false,
                swiftSettings: settings),
            .testTarget(
                name: "\(name)Tests",
                dependencies: [.target(name: name), "Application", "Kernel", "KernelTesting", "Database", "EventStore"] + contracts
                    + ports.map { .target(name: $0.name) },
                path: "\(home)/Tests", exclude: samples, swiftSettings: settings),
        ]
            + ports.map { port in
                .target(
                    name: port.name, dependencies: ["Application", "Kernel", .target(name: "\(name)Contracts")] + port.dependencies,
                    path: "\(home)/Sources/\(port.name)", resources: resources(of: port.name), swiftSettings: settings)
            }
    }
}

let contexts = [
    Module(
        name: "Access", knows: ["Devices", "Identity", "Partners"],
        ports: [("GuestPages", ["WebPages"])]),
    Module(name: "Identity", knows: ["Access", "Devices"], libraries: ["PhoneNumbers"], ports: [("WalletLinks", [])]),
    Module(name: "Devices", knows: ["Identity", "Partners"], ports: [("HubBridge", ["MQTT", "Waiting", logging])]),
    Module(
        name: "Video", knows: ["Access", "Identity"],
        ports: [
            ("ThreeDEyeClient", ["HTTPClient"]),
            (
                "ThreeDEyeSimulator",
                [hummingbird("Hummingbird"), .product(name: "NIOCore", package: "swift-nio"), logging, lifecycle]
            ),
        ]),
    Module(
        name: "Partners", knows: ["Devices"],
        ports: [
            ("WebhookSender", ["HTTPClient"]), ("OpenIDConnect", ["HTTPClient", "Tokens"]), ("PortalPages", ["WebPages"]),
        ]),
]
let modules: [Target.Dependency] = contexts.map { .target(name: $0.name) }
let ports: [Target.Dependency] = contexts.flatMap(\.ports).map { .target(name: $0.name) }

let package = Package(
    name: "spkey",
    products: [.executable(name: "spkey", targets: ["spkey"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1.git", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CPhoneNumbers", linkerSettings: [.linkedLibrary("phonenumber")]),
        part("PhoneNumbers", ["CPhoneNumbers"]),
        part("Kernel"),
        part("Waiting", [.product(name: "HeapModule", package: "swift-collections")]),
        part("Application", ["Kernel"]),
        part("WebPages", [.product(name: "Mustache", package: "swift-mustache")], resources: true),
        part("Database", ["Kernel", "Waiting", "CPostgres", "CSQLite"]),
        part("EventStore", ["Application", "Kernel", "Database", "Waiting"]),
        part("MessageBus", ["Application", "Kernel", "Database", "Waiting"]),
        part("Workflows", ["Application", "Kernel", "Database"]),
        part("HTTPClient", ["CCurl"]),
        part("MQTT", ["Waiting", "CMosquitto"]),
        part("AWS", ["Kernel", crypto]),
        part("Tokens", ["Kernel", .product(name: "JWTKit", package: "jwt-kit")]),
        part("Telemetry", [logging]),
        part(
            "HTTPEdge",
            [
                "AWS", "Application", "Kernel", "Database", "HTTPClient", "Telemetry", "Tokens", "Waiting", "WebPages",
                hummingbird("Hummingbird"),
                hummingbird("HummingbirdCore"),
                logging,
                lifecycle, crypto,
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ], resources: true),
        part(
            "Host",
            [
                "Application", "Kernel", "Database", "EventStore", "MessageBus", "Waiting", "Workflows", "AWS", "HTTPEdge", "HTTPClient",
                "MQTT",
                "Telemetry",
                logging,
                lifecycle, crypto,
                .product(name: "X509", package: "swift-certificates"), .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "SystemPackage", package: "swift-system"),
            ] + modules + ports + contexts.map { .target(name: "\($0.name)Contracts") }),
        .executableTarget(
            name: "spkey",
            dependencies: [
                "Host", "AWS", "HTTPEdge", "Application", "Kernel", "ThreeDEyeSimulator", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        part("KernelTesting", ["Application", "Kernel", "Database", "Waiting"]),
        .testTarget(
            name: "PlatformTests",
            dependencies: [
                "Application", "Kernel", "KernelTesting", "Database", "EventStore", "MessageBus", "Waiting", "WebPages", "Workflows",
                "AWS", "HTTPEdge", "HTTPClient",
                "Host", crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ], swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "spkey", "Host", "AWS", "Application", "Kernel", "KernelTesting", "Database", "HTTPClient", "HubBridge", "DevicesContracts",
                "ThreeDEyeSimulator",
                "MQTT",
                hummingbird("Hummingbird"), logging,
                lifecycle, crypto,
                .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "NIOCore", package: "swift-nio"),
            ], exclude: ["SDK"], swiftSettings: settings),
        .testTarget(
            name: "ArchitectureTests", dependencies: ["Host", "HTTPEdge", "Application", "Kernel"], exclude: ["Samples"],
            swiftSettings: settings),
    ] + contexts.flatMap(\.targets),
    cxxLanguageStandard: .cxx17
)
