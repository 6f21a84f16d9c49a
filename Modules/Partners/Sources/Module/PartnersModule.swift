public import Application
import Kernel
import PartnersContracts

/// The Partners module: tenants, their API keys, their webhooks and the deliveries to them.
/// - Parameters:
///   - catalogue: the events of all modules that deliver any.
///   - commands: the commands of all modules.
public func partners(_ catalogue: EventCatalogue, _ commands: CommandCatalogue) -> Module {
    let watch = FeedWatch()
    return Module(
        "partners",
        aggregates: [AnyAggregate(Tenant.self)],
        migrations: [
            TenantTables.migration, FanOut.migration, TenantTables.overlaps, Requeue.migration, Feed.migration,
            FanOut.dueByWebhook,
        ],
        operations: [
            RegisterTenant.operation, ListTenants.operation, OneTenant.operation,
            IssueApiKey.create, ListApiKeys.operation, IssueApiKey.rotate, RevokeApiKey.operation,
            AddWebhook.operation(catalogue), ListWebhooks.operation, ChangeWebhook.byStaff(catalogue), RemoveWebhook.operation,
            ChangeWebhook.byPartner, ChangeWebhook.byOwner(catalogue), OwnWebhooks.list, OwnWebhooks.add(catalogue), OwnWebhooks.remove,
            ShowWebhook.operation, RotateSecret.operation, SendTest.operation, ShowOwnKey.operation, ListDeliveries.operation,
            ShowDelivery.operation,
            ResendDelivery.operation, Replay.operation, ReadFeed.operation(catalogue, watch), StreamFeed.operation(catalogue, watch),
            EventSchemas.operation(catalogue),
            CommandSchemas.operation(commands),
            ShowLanding.operation, BeginSignIn.operation, FinishSignIn.operation, ShowOnboarding.operation, Onboard.operation,
            ShowDashboard.operation, RotateOwnKey.operation, SetOwnWebhook.operation, SignOut.operation,
        ],
        workflows: [AnyWorkflow(ReplayDeliveries.self)],
        ports: [.required(WebhookSending.self), .required(PortalPages.self), .optional(SignIn.self)],
        followUp: EndedKeys.followUp,
        assemble: { services in
            let activity = Activity()
            let worker = DeliveryWorker(services: services, sending: try services.port(), activity: activity)
            return Assembly(
                answers: [BootstrapKey.answering(services), RegisterTenant.answering(services), Requeue.answer(services, activity)],
                reactions: [FanOut.reaction(catalogue, services, activity)],
                jobs: worker.jobs + [watch.job(services)],
                gauges: DeliveryFigures.gauges(services))
        }
    )
}
