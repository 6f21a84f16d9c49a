import Application
import IdentityContracts
import Kernel

/// Answers the asks of other modules about users.
enum PeopleQuestions {
    static func answers(_ services: Services) -> [AskHandler] {
        [
            AskHandler(FindPerson.self) { question, _ in FindPerson.Reply(user: try await find(question, services)) },
            AskHandler(DeviceIsLinked.self) { question, _ in
                DeviceIsLinked.Reply(isLinked: try await isLinked(question, services))
            },
            AskHandler(PersonEmail.self) { question, _ in
                let contact = try await services.contact(Contacts.find(question.user))
                let isKnown = try await services.store.load(UserAccount.self, question.user.text).exists
                return PersonEmail.Reply(isKnown: isKnown, email: contact?.email)
            },
            AskHandler(PeopleWithEmail.self) { question, _ in
                PeopleWithEmail.Reply(
                    users: try await services.store.query(Contacts.withEmail(after: question.after, limit: min(question.limit, 1_000)))
                        .map { try $0.read("user_id") })
            },
            AskHandler(DevicesOfPerson.self) { question, _ in
                let user = try await services.store.load(UserAccount.self, question.user.text).state
                return DevicesOfPerson.Reply(devices: user.devices.map(\.id.text))
            },
            AskHandler(PlateHolders.self) { question, _ in
                guard let plate = PlateText(normalising: question.plate) else {
                    return PlateHolders.Reply(plate: "", holders: [], isRefused: true)
                }
                let holders = try await PlateRows.holders(of: plate, at: question.org, services)
                let refused = Set(question.refused.compactMap { PlateText(normalising: $0).map { ExactText($0.folded) } })
                let isRefused = refused.contains(ExactText(plate.folded)) || holders.contains { refused.contains(ExactText($0.plate)) }
                return PlateHolders.Reply(plate: plate.folded, holders: holders, isRefused: isRefused)
            },
            AskHandler(ListedUsers.self) { question, _ in
                ListedUsers.Reply(
                    users: try await LockGivers.listed(
                        question.users, names: question.names, by: question.org, at: services.clock(), services))
            },
            AskHandler(PeopleWithPhone.self) { question, _ in PeopleWithPhone.Reply(users: try await withPhone(question.users, services)) },
        ]
    }

    /// Finds a user by address, otherwise by number.
    private static func find(_ question: FindPerson, _ services: Services) async throws -> UserID? {
        let query: SQL? =
            question.email.flatMap(EmailAddress.init(normalising:)).map(Contacts.find)
            ?? question.phone.flatMap(PhoneNumber.init(normalising:)).map(Contacts.find)
        guard let query else { return nil }
        return try await services.store.query(query).first?.find("user_id", as: String.self).map { UserID($0) }
    }

    /// A user whom the tenant has suspended has no right from it.
    private static func isLinked(_ question: DeviceIsLinked, _ services: Services) async throws -> Bool {
        let link = DeviceLinks.find(question.user, LinkedDevice.ID(question.device), by: question.org)
        guard try await !services.store.query(link).isEmpty else { return false }
        let user = try await services.store.load(UserAccount.self, question.user.text).state
        return !user.isSuspendedEverywhere && !user.suspensions.contains(question.org)
    }

    private static func withPhone(_ users: [UserID], _ services: Services) async throws -> [UserID] {
        let found = try await services.store.read(users.map(Contacts.find))
        return try zip(users, found).filter { try $1.first?.find("phone", as: String.self) != nil }.map(\.0)
    }
}
