import Kernel
import Testing

@testable import Devices

@Suite struct DeviceWordsTests {
    @Test(arguments: [
        (JSON.int(0), DeviceWords.LockState.notFullyLocked), (1, .locked), (2, .unlocked), (3, .unlatched), (4, .unknown), (-1, .unknown),
        ("n/a", .unknown), (.null, .unknown),
    ])
    func `the state of a lock has words`(value: JSON, word: DeviceWords.LockState) { #expect(DeviceWords(["1/257/0": value]).lock == word) }

    @Test func `doors and batteries have words too`() {
        let words = DeviceWords(["1/257/3": 3, "1/47/12": 137, "1/47/14": 1, "available": true])
        #expect(words.door == .forcedOpen && words.batteryPercent == 68.5 && words.battery == .warning && words.isReachable == true)
        #expect(DeviceWords(["1/47/14": 9]).battery == nil && DeviceWords(["1/47/14": -1]).battery == nil)
        #expect(DeviceWords(["1/57/17": false, "available": true]).isReachable == false)
    }

    @Test func `the first endpoint counts, and what is not reported is left out`() {
        let words = DeviceWords(["10/257/0": 2, "9/257/0": 1, "257/0": 0, "1/2/257/0": 0])
        #expect(words.lock == .locked && words.door == nil && words.isReachable == nil)
        #expect(DeviceWords.shape.json(words) == ["lockState": "locked"])
    }
}
