/// Polls a condition until it holds or the limit has passed. Returns whether it held.
public func eventually(within limit: Duration = .seconds(20), _ isTrue: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await isTrue() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return try await isTrue()
}
