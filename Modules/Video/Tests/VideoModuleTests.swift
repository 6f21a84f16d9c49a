import Application
import Kernel
import Testing

@testable import Video

@Test func `the module has its name`() { #expect(video.name == "video") }
