import Application
import Database
import DevicesContracts
import EventStore
import Foundation
import HTTPClient
public import HTTPEdge
import HubBridge
public import Kernel
public import Logging
import MessageBus
import PartnersContracts
import ServiceLifecycle
import Telemetry
import UnixSignals
import WebhookSender
import Workflows

import Glibc

/// A process of the platform, assembled from its settings and modules.
public struct System: Sendable {
    let settings: Settings
    let storage: Storage
    let modules: [Module]
    let services: [String: Services]
    let subscriptions: [Subscription]
    let jobs: [Job]
    let asks: LocalAsks
    let ports: Ports
    let leases: LeaseRegistry
    let gauges: [Gauge]
    let metrics = Metrics()
    let log: Logger
    private let adminKey: String

    /// Opens the database, migrates it when required, and builds the modules.
    public static func assemble(_ settings: Settings, modules names: [String] = [], log: Logger) async throws -> System {
        let modules = try Modules.chosen(names), storage = try Storage(settings, for: modules)
        let isSplit = modules.count < Modules.all.count
        if isSplit, storage.postgres == nil { throw ConfigurationError("SQLite means one process: --modules needs PostgreSQL") }
        if storage.postgres == nil || settings[HostSettings.migratesAtStart] {
            try await storage.migrate(Modules.all, try CryptoVault(settings).port)
        }
        let missing = try await storage.missing(modules)
        guard missing.isEmpty else {
            throw ConfigurationError("the schema is behind: run `spkey migrate` (missing: \(missing.joined(separator: ", ")))")
        }
        let epoch = try await Epochs.current(of: storage.database)
        let leases = LeaseRegistry(), holder = Self.listener(settings.forEdge)
        let bus = try ProcessBus(
            storage, modules: modules.map(\.name), isSplit: isSplit, role: { leases.role(of: $0) }, clock: Clocks.wall)
        let ports = try LivePorts.plugged(for: modules, settings, log: log)
        var all: [String: Services] = [:], subscriptions: [Subscription] = [], jobs: [Job] = bus.jobs + storage.jobs, gauges: [Gauge] = []
        let vault = try CryptoVault(settings).port, people = PersonKeys(database: storage.database, vault: vault)
        let directory = CredentialDirectory.port(forget: PersonKeys.forget), checkpoints = Checkpoints(storage.database)
        let group = GroupCommit(storage.database)
        for module in modules {
            let name = module.name
            let store = ModuleStore(
                schema: name, database: storage.database, epoch: epoch, people: people, aggregates: module.aggregates, group: group,
                membership: storage.membership
            ) {
                bus.posted($0)
            }
            let moduleLog = Log(log, module: name)
            var services = Services(
                module: name, store: store.port, bus: bus.port, vault: vault, directory: directory, ports: ports,
                settings: settings.values, log: moduleLog, clock: Clocks.wall)
            services.crashes = settings.crashes
            let workflows = WorkflowRepository(schema: name, database: storage.database, clock: Clocks.wall)
            services.startWorkflow = workflows.start
            services.resumeWorkflow = workflows.resume
            services.zones = .world
            services.uptime = Clocks.uptime
            services = services.following(module.followUp)
            all[name] = services
            let assembly = try module.assemble(services)
            bus.local.register(
                assembly.answers
                    + ModuleAnswers.answers(
                        module, services, store, storage.database, reactions: assembly.reactions,
                        archive: Archive(folder: settings[HostSettings.archive])
                    ) { ports.unready(of: module.ports).isEmpty })
            jobs.append(
                WorkflowEngine(
                    module.workflows + Admin.workflows, schema: name, database: storage.database, services: services, holder: holder
                ).job)
            for job in assembly.jobs {
                guard job.isExclusive else { jobs.append(job); continue }
                let exclusive = ExclusiveJob(
                    job, store: store, holder: holder, state: leases.new(for: name), log: moduleLog, clock: Clocks.wall)
                jobs.append(Job(job.name) { try await exclusive.run() })
            }
            jobs.append(Maintenance(schema: name, database: storage.database, log: moduleLog, clock: Clocks.wall).job)
            gauges += assembly.gauges
            for reaction in assembly.reactions {
                subscriptions += Subscription.all(
                    of: reaction, store: store, holder: holder, signals: bus.signals, checkpoints: checkpoints, log: moduleLog,
                    crashes: settings.crashes, clock: Clocks.wall)
            }
        }
        all[Storage.platform] = Services(
            module: Storage.platform, store: ModuleStore(schema: Storage.platform, database: storage.database, epoch: epoch).port,
            bus: bus.port, vault: vault,
            directory: directory, ports: Ports(), settings: settings.values, log: Log(log, module: Admin.name), clock: Clocks.wall)
        return System(
            settings: settings, storage: storage, modules: modules, services: all, subscriptions: subscriptions, jobs: jobs,
            asks: bus.local,
            ports: ports, leases: leases, gauges: gauges, log: log, adminKey: settings[HostSettings.adminKey] ?? "")
    }

    /// Asks a module of this process; for console commands.
    public func ask<A: Ask>(_ question: A) async throws -> A.Reply {
        let context = AskContext(trace: Trace(correlation: "console", causation: nil), deadline: Clocks.wall() + .seconds(30))
        return try await asks.send(A.name, try JSON(encoding: question), context).decoded()
    }

    /// Runs the services of the process. They start in this order and stop in the reverse order, the edge first.
    public func run(ready: @escaping @Sendable (Int) async -> Void) async throws {
        let lock = try storage.path.map(DatabaseLock.init(serving:))
        defer { withExtendedLifetime(lock) {} }
        var edgeSettings = settings.forEdge
        edgeSettings.connections = OpenFiles.connections(atMost: edgeSettings.connections)
        if edgeSettings.adminKey.isEmpty {
            edgeSettings.adminKey = UUIDText.fresh(at: Clocks.wall()).text
            log.notice("The staff key of this start", metadata: ["SPKEY_ADMIN_API_KEY": "\(edgeSettings.adminKey)"])
        }
        let endpoints =
            modules.flatMap { module in module.operations.map { Endpoint($0, services[module.name]!) } }
            + Admin.operations.map { Endpoint($0, services[Storage.platform]!) }
        let trusted = HTTPClient(publicOnly: false)
        let edge = await Edge(
            settings: edgeSettings, endpoints: endpoints, document: Self.document(settings), probes: probes,
            directory: CredentialDirectory(database: storage.database),
            accessKeys: AccessKeys(storage.database, try CryptoVault(settings).port), process: Self.listener(edgeSettings),
            fetch: { url in try await trusted.send(OutgoingRequest("GET", url)).body }, log: log, clock: Clocks.wall)
        let collector = MetricsCollector(
            subscriptions: subscriptions, gauges: gauges, schemas: modules.map(\.name), database: storage.database, metrics: metrics,
            clock: Clocks.wall,
            ports: portStates, log: log)
        // No work starts before the port is open: a second process on the same address ends there and takes nothing from the first.
        let (isOpen, opened) = AsyncStream.makeStream(of: Void.self)
        let background = BackgroundService(jobs: jobs + collector.jobs, subscriptions: subscriptions, isOpen: isOpen, log: log)
        let service = edge.service { port in
            opened.finish()
            await ready(port)
        }
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: background), .init(service: service)], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
        await storage.database.close()
    }

    /// Returns a name that stays the same after a restart, so that unfinished work of an earlier process is known to be abandoned.
    private static func listener(_ settings: EdgeSettings) -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) + ":\(settings.port)"
    }

    /// The ports of this process's modules, each with whether it is available or another process is responsible for it.
    private var portStates: [(title: String, isThere: @Sendable () -> Bool)] {
        modules.flatMap { module in
            module.ports.map { use in
                let isThere: @Sendable () -> Bool = { [leases, ports] in
                    let states = leases.states(of: module.name)
                    return !states.isEmpty && !states.contains(.holding) || ports.unready(of: [use]).isEmpty
                }
                return (use.title, isThere)
            }
        }
    }

    private var readiness: @Sendable () async -> String? {
        { [storage, ports, modules, leases, bus = services[Storage.platform]?.bus] in
            guard await storage.database.answersSoon() else { return "The database does not answer." }
            for module in modules {
                let states = leases.states(of: module.name), unready = ports.unready(of: module.ports)
                if states.contains(.starting) { return "The work of \(module.name) is starting." }
                if let title = unready.first, states.isEmpty || states.contains(.holding) { return "The \(title) is down." }
                // Another process does the work and must be ready.
                if states.contains(.standby), let bus, !(await ModuleAnswers.isReady(module.name, bus)) {
                    return "Nobody answers for \(module.name)."
                }
            }
            return nil
        }
    }

    private var probes: Probes {
        let own = readiness
        let bus = services[Storage.platform]?.bus
        return Probes(
            metrics: metrics, readiness: own,
            readinessOfAll: {
                if let reason = await own() { return reason }
                guard let bus else { return nil }
                return await ModuleAnswers.unready(bus)
            }, parked: { [metrics] in metrics.sum(of: "dead_letters") })
    }

    /// Returns the document of the whole API, regardless of the modules that this process runs.
    public static func document(_ settings: Settings) -> OpenAPIDocument {
        OpenAPIDocument(Modules.operations, publicURL: settings[SharedSettings.publicURL])
    }

    public static func migrate(_ settings: Settings, modules names: [String]) async throws {
        let storage = try Storage(settings)
        let modules = try Modules.chosen(names)
        try await storage.migrate(modules, try CryptoVault(settings).port)
        for module in modules {
            try await Maintenance(schema: module.name, database: storage.database, log: Log { _, _, _ in }, clock: Clocks.wall).run()
        }
        await storage.database.close()
    }
}
