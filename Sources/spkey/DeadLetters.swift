import ArgumentParser
import Host

struct DeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Look at messages that were parked because they could not be handled, and have them tried again.",
        subcommands: [List.self, Retry.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the streams that stand still: at which message, why, since when, and how many wait behind it.")

        func run() async throws {
            let lines = try await AdminTools.parkedMessages(try await Settings.load())
            if lines.isEmpty { print("Nothing is parked.", to: &Standard.output) }
            for line in lines { print(line, to: &Standard.output) }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the running system try parked messages again, in their order; what fails stays parked.")
        @Option(help: "Only those of this subscription.") var subscription: String?

        func run() async throws {
            let count = try await AdminTools.retryParked(try await Settings.load(), subscription)
            print("\(count) messages are tried again by the process that holds their subscription.", to: &Standard.output)
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give up one message: its fact is lost to the subscription, and its stream goes on.")
        @Option(help: "The subscription.") var subscription: String
        @Option(help: "The message, as `list` names it.") var envelope: String
        @Flag(help: "Say that the loss is meant.") var yes = false

        func run() async throws {
            guard yes else { throw ValidationError("--yes is needed: what the message says is lost to the subscription") }
            let isDropped = try await AdminTools.dropParked(try await Settings.load(), subscription, envelope)
            print(isDropped ? "Dropped." : "There is no such message.", to: &Standard.output)
            if !isDropped { throw ExitCode(1) }
        }
    }
}
